# One configuration for one account of one server, whose parts know nothing of each other.
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {}
variable "access_key" {}
variable "secret_key" {}
variable "stage" {}

provider "aws" {
  region                  = "eu-west-1"
  access_key              = var.access_key
  secret_key              = var.secret_key
  skip_metadata_api_check = true
  endpoints {
    iam = var.endpoint
    kms = var.endpoint
    sts = var.endpoint
  }
}

provider "aws" {
  alias                   = "away"
  region                  = "ap-south-1"
  access_key              = var.access_key
  secret_key              = var.secret_key
  skip_metadata_api_check = true
  endpoints {
    iam = var.endpoint
    kms = var.endpoint
    sts = var.endpoint
  }
}

module "keys" {
  source = "./keys"
  providers = {
    aws      = aws
    aws.away = aws.away
  }
}

module "identities" {
  source = "./identities"
}

module "roles" {
  source = "./roles"
  stage  = var.stage
}

module "users" {
  source = "./users"
  stage  = var.stage
}

output "keys_opened" {
  value     = module.keys.opened
  sensitive = true
}

output "identities_allowed" {
  value = module.identities.allowed
}

output "roles_seen" {
  value = module.roles.seen
}

output "users_found" {
  value = module.users.found
}
