/** Condition keys by their names as AWS writes them; a list is a multi-valued key (authorization.md section 3). */
export type ConditionValues = Readonly<Record<string, string | readonly string[] | undefined>>
