/** Permissions that the simulated calls require (TaurusDB facts §2). */
export type IamAction =
  | "gaussdbformysql:instance:upgrade"
  | "gaussdbformysql:task:delete"
  | "gaussdb:backup:list"
  | "gaussdb:instance:modify"
  | "gaussdb:instance:list";

/** An account ("domain") with what belongs to it. */
export interface AccountState {
  readonly id: string;
  readonly name: string;
  users: UserState[];
  projects: ProjectState[];
  agencies: AgencyState[];
}

export interface UserState {
  readonly id: string;
  readonly name: string;
  password: string;
  enabled: boolean;
  /** False for a "HUAWEI ID", which cannot get a token by password. */
  passwordLogin: boolean;
  /** Permissions it lacks. */
  denied: IamAction[];
  /** Enterprise projects whose instances it sees; null: all. */
  enterpriseProjects: string[] | null;
  keys: AccessKeyState[];
}

export interface AccessKeyState {
  readonly access: string;
  secret: string;
  active: boolean;
  /** A temporary key goes with a security token. */
  temporary: { readonly securityToken: string; readonly expiresAt: number } | null;
}

export interface ProjectState {
  readonly id: string;
  /** The region's name, or `<region>_<name>` for a sub-project. */
  readonly name: string;
  readonly region: string;
}

/** Delegates the rights of a user to another account. */
export interface AgencyState {
  readonly name: string;
  /** Name of the account that may assume it. */
  readonly trusts: string;
  readonly userId: string;
}

export interface TokenState {
  readonly token: string;
  readonly accountId: string;
  readonly userId: string;
  /** Null: the token is for the account, not for a project. */
  readonly projectId: string | null;
  readonly expiresAt: number;
}

export interface LockState {
  failures: number;
  lockedUntil: number;
}

/** The authenticated caller. */
export interface Principal {
  readonly account: AccountState;
  readonly user: UserState;
  /** Project of a token; undefined for a signature, which is valid for every project of the account. */
  readonly scope: string | null | undefined;
}
