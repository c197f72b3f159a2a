/** The forms of authorization.md 1.2 through which a policy or a grant reaches a caller. */
export type PrincipalForm = 'ANY' | 'ACCOUNT' | 'USER' | 'FEDERATED_USER_OF_USER' | 'ROLE' | 'SESSION' | 'SERVICE'
