import type { Clock } from "../shell/clock";
import type { AccessKeyState, AccountState, IamAction, ProjectState, UserState } from "./account";
import { authNow } from "./authenticate";
import { DEFAULTS } from "./options";
import type { World } from "./world";

/** What an administrator does in IAM. Users and accounts are given by name; default: the first. */
export class IdentityControl {
  readonly #world: World;
  readonly #clock: Clock;

  constructor(world: World, clock: Clock) {
    this.#world = world;
    this.#clock = clock;
  }

  /** An account without users, with a project in each region. */
  addAccount(name: string): AccountState {
    const { state, random } = this.#world;
    const account: AccountState = {
      id: random.hex(32),
      name,
      users: [],
      projects: state.regions.map((region) => ({ id: random.hex(32), name: region.name, region: region.name })),
      agencies: [],
    };
    state.accounts.push(account);
    return account;
  }

  /** A sub-project: `<region>_<name>`. */
  addProject(region: string, name: string, account: string = DEFAULTS.account): ProjectState {
    const project = { id: this.#world.random.hex(32), name: `${region}_${name}`, region };
    this.account(account).projects.push(project);
    return project;
  }

  addUser(
    name: string,
    { account = DEFAULTS.account, password = DEFAULTS.password }: { account?: string; password?: string } = {},
  ): UserState {
    const user: UserState = {
      id: this.#world.random.hex(32),
      name,
      password,
      enabled: true,
      passwordLogin: true,
      denied: [],
      enterpriseProjects: null,
      keys: [],
    };
    this.account(account).users.push(user);
    return user;
  }

  addKey(access: string, secret: string, user: string = DEFAULTS.user): void {
    this.user(user).keys.push({ access, secret, active: true, temporary: null });
  }

  /** A temporary key; it replaces one with the same access key. */
  addTemporaryKey(
    access: string,
    secret: string,
    { securityToken, seconds = 900, user = DEFAULTS.user }: { securityToken: string; seconds?: number; user?: string },
  ): void {
    const expiresAt = authNow(this.#world, this.#clock.now()) + seconds * 1000;
    this.removeKey(access);
    this.user(user).keys.push({ access, secret, active: true, temporary: { securityToken, expiresAt } });
  }

  /** Gives an access key another secret. */
  rotateSecret(secret: string, access: string = DEFAULTS.accessKey): void {
    this.#key(access).secret = secret;
  }

  setKeyActive(active: boolean, access: string = DEFAULTS.accessKey): void {
    this.#key(access).active = active;
  }

  removeKey(access: string): void {
    for (const user of this.#users()) user.keys = user.keys.filter((one) => one.access !== access);
  }

  /** Changes a password; tokens obtained with the old one become invalid. */
  setPassword(password: string, name: string = DEFAULTS.user): void {
    const user = this.user(name);
    user.password = password;
    const { state } = this.#world;
    state.tokens = state.tokens.filter((token) => token.userId !== user.id);
  }

  setEnabled(enabled: boolean, name: string = DEFAULTS.user): void {
    this.user(name).enabled = enabled;
  }

  /** Removes permissions of a user; an empty list restores all of them. */
  deny(actions: readonly IamAction[], name: string = DEFAULTS.user): void {
    this.user(name).denied = [...actions];
  }

  /** Restricts a user to some enterprise projects; null: no restriction. */
  confine(enterpriseProjects: readonly string[] | null, name: string = DEFAULTS.user): void {
    this.user(name).enterpriseProjects = enterpriseProjects === null ? null : [...enterpriseProjects];
  }

  /** Lets users of the account `trusts` act as a user of another account. */
  addAgency(name: string, { account, trusts, user }: { account: string; trusts: string; user: string }): void {
    const owner = this.account(account);
    const acted = owner.users.find((one) => one.name === user);
    if (acted === undefined) throw new Error(`there is no user ${user} in account ${account}`);
    owner.agencies.push({ name, trusts, userId: acted.id });
  }

  /** Invalidates every token. */
  expireTokens(): void {
    this.#world.state.tokens = [];
  }

  account(name: string): AccountState {
    const found = this.#world.state.accounts.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no account ${name}`);
    return found;
  }

  user(name: string): UserState {
    const found = this.#users().find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no user ${name}`);
    return found;
  }

  #users(): readonly UserState[] {
    return this.#world.state.accounts.flatMap((account) => account.users);
  }

  #key(access: string): AccessKeyState {
    const found = this.#users()
      .flatMap((user) => user.keys)
      .find((one) => one.access === access);
    if (found === undefined) throw new Error(`there is no access key ${access}`);
    return found;
  }
}
