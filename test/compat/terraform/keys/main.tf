# Keys of every origin, in two Regions, and what belongs to them.
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.away]
    }
  }
}

data "aws_caller_identity" "current" {}

locals {
  root = "arn:aws:iam::${data.aws_caller_identity.current.account_id}:root"
}

resource "aws_kms_key" "rotated" {
  description             = "rotated every half year"
  enable_key_rotation     = true
  rotation_period_in_days = 180
  deletion_window_in_days = 7
  tags = {
    team = "payments"
  }
}

resource "aws_kms_key" "signing" {
  customer_master_key_spec = "ECC_NIST_P256"
  key_usage                = "SIGN_VERIFY"
  deletion_window_in_days  = 7
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Owner"
      Effect    = "Allow"
      Principal = { AWS = local.root }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

resource "aws_kms_key" "disabled" {
  is_enabled              = false
  multi_region            = true
  deletion_window_in_days = 7
}

resource "aws_kms_key" "primary" {
  description             = "in two Regions"
  multi_region            = true
  enable_key_rotation     = true
  deletion_window_in_days = 7
}

resource "aws_kms_replica_key" "away" {
  provider                = aws.away
  primary_key_arn         = aws_kms_key.primary.arn
  description             = "the other one"
  deletion_window_in_days = 7
  tags = {
    team = "payments"
  }
}

resource "aws_kms_external_key" "primary" {
  key_material_base64     = "Wblj06fduthWggmsT0cLVoIMOkeLbc2kVfMud77i/JY="
  multi_region            = true
  enabled                 = true
  deletion_window_in_days = 7
}

resource "aws_kms_replica_external_key" "away" {
  provider                = aws.away
  primary_key_arn         = aws_kms_external_key.primary.arn
  key_material_base64     = "Wblj06fduthWggmsT0cLVoIMOkeLbc2kVfMud77i/JY="
  enabled                 = true
  deletion_window_in_days = 7
}

resource "aws_kms_alias" "app" {
  name          = "alias/app"
  target_key_id = aws_kms_key.rotated.key_id
}

resource "aws_kms_external_key" "imported" {
  description             = "brought along"
  key_material_base64     = "Wblj06fduthWggmsT0cLVoIMOkeLbc2kVfMud77i/JY="
  enabled                 = true
  deletion_window_in_days = 7
}

resource "aws_kms_ciphertext" "secret" {
  key_id    = aws_kms_key.rotated.key_id
  plaintext = "a secret of Terraform"
  context = {
    role = "admin"
  }
}

resource "aws_kms_alias" "prefixed" {
  name_prefix   = "alias/app-"
  target_key_id = aws_kms_key.rotated.arn
}

resource "aws_kms_grant" "reader" {
  name               = "reader"
  key_id             = aws_kms_key.rotated.key_id
  grantee_principal  = local.root
  retiring_principal = local.root
  operations         = ["Decrypt", "DescribeKey"]
  constraints {
    encryption_context_equals = {
      role = "admin"
    }
  }
}

data "aws_kms_secrets" "opened" {
  secret {
    name    = "secret"
    payload = aws_kms_ciphertext.secret.ciphertext_blob
    context = {
      role = "admin"
    }
  }
}

data "aws_kms_key" "app" {
  key_id = aws_kms_alias.app.name
}

data "aws_kms_alias" "app" {
  name = aws_kms_alias.app.name
}

data "aws_kms_public_key" "signing" {
  key_id = aws_kms_key.signing.arn
}

data "aws_kms_key" "away" {
  provider = aws.away
  key_id   = aws_kms_replica_key.away.key_id
}

output "set" {
  value = data.aws_kms_key.away.multi_region_configuration
}

output "opened" {
  value     = data.aws_kms_secrets.opened.plaintext["secret"]
  sensitive = true
}

output "found" {
  value = [data.aws_kms_key.app.id, data.aws_kms_alias.app.target_key_id]
}
