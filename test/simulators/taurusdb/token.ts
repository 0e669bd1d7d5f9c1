import type { SimResponse } from "../shell/http";
import type { AccountState, Principal, ProjectState, UserState } from "./account";
import { authNow } from "./authenticate";
import { type IamCall, isRecord, type Json, jsonResponse } from "./call";
import { IamRefusal } from "./errors";
import { DAY } from "./timings";

/** POST /v3/auth/tokens and POST /v3.0/OS-CREDENTIAL/securitytokens (TaurusDB facts §1a). */

const WRONG_PASSWORD = "The username or password is wrong.";
const SHORTEST_S = 900;
const LONGEST_S = 86_400;

/** A token by password or by agency: 201, and the token in a header. */
export function issueToken(call: IamCall): SimResponse {
  const { world, now } = call;
  const auth = record(bodyOf(call), "auth");
  const identity = record(auth, "identity");
  const [method] = methodsOf(identity);
  const { account, user } = identify(call, method, identity);
  const project = scopeOf(auth, account);
  const issuedAt = authNow(world, now);
  const token = {
    token: `MIIX${world.random.hex(96)}`,
    accountId: account.id,
    userId: user.id,
    projectId: project?.id ?? null,
    expiresAt: issuedAt + DAY,
  };
  world.state.tokens.push(token);
  const domain = { id: account.id, name: account.name };
  const scope = project ? { project: { id: project.id, name: project.name, domain } } : { domain };
  const body = {
    token: {
      methods: [method],
      expires_at: isoMicros(token.expiresAt),
      issued_at: isoMicros(issuedAt),
      user: { id: user.id, name: user.name, password_expires_at: "", domain },
      ...scope,
      roles: [{ id: "0", name: "te_admin" }],
      ...(call.query.get("nocatalog") === undefined ? { catalog: [] } : {}),
    },
  };
  return jsonResponse(body, 201, { "x-subject-token": token.token });
}

/** A temporary key with its security token, for the caller itself or by agency. */
export function issueTemporaryKey(call: IamCall): SimResponse {
  const { world, now } = call;
  const identity = record(record(bodyOf(call), "auth"), "identity");
  const [method = ""] = methodsOf(identity);
  const { user } = method === "token" ? requireCaller(call) : identify(call, method, identity);
  const details = identity[method];
  const seconds = (isRecord(details) ? details["duration_seconds"] : undefined) ?? SHORTEST_S;
  if (typeof seconds !== "number" || seconds < SHORTEST_S || seconds > LONGEST_S) {
    throw new IamRefusal(400, "duration_seconds is invalid.");
  }
  const expiresAt = authNow(world, now) + seconds * 1000;
  const temporary = { securityToken: `ggpj${world.random.hex(64)}`, expiresAt };
  const key = { access: `HST${world.random.hex(17)}`.toUpperCase(), secret: world.random.hex(40) };
  user.keys.push({ ...key, active: true, temporary });
  const credential = { ...key, securitytoken: temporary.securityToken, expires_at: isoMicros(expiresAt) };
  return jsonResponse({ credential }, 201);
}

function identify(call: IamCall, method: string | undefined, identity: Json): Pick<Principal, "account" | "user"> {
  if (method === "password") return byPassword(call, identity);
  if (method === "assume_role") return byAgency(call, identity);
  throw new IamRefusal(400, `The authentication method ${method ?? ""} is not supported.`);
}

function byPassword({ world }: IamCall, identity: Json): Pick<Principal, "account" | "user"> {
  const user = record(record(identity, "password"), "user");
  const domain = record(user, "domain");
  const account = world.state.accounts.find((one) => one.name === domain["name"] || one.id === domain["id"]);
  const found = account?.users.find((one) => one.name === user["name"]);
  if (account === undefined || found === undefined) throw new IamRefusal(401, WRONG_PASSWORD);
  if (!found.enabled || !found.passwordLogin || found.password !== user["password"]) {
    throw new IamRefusal(401, WRONG_PASSWORD);
  }
  return { account, user: found };
}

function byAgency(call: IamCall, identity: Json): { account: AccountState; user: UserState } {
  const caller = requireCaller(call);
  const role = record(identity, "assume_role");
  const account = call.world.state.accounts.find(
    (one) => one.name === role["domain_name"] || one.id === role["domain_id"],
  );
  const agency = account?.agencies.find(
    (one) => one.name === role["agency_name"] && one.trusts === caller.account.name,
  );
  const user = account?.users.find((one) => one.id === agency?.userId);
  if (account === undefined || user === undefined) {
    throw new IamRefusal(403, "You are not authorized to assume this agency.");
  }
  return { account, user };
}

function requireCaller({ principal }: IamCall): Principal {
  if (principal === undefined) throw new IamRefusal(401, "The request you have made requires authentication.");
  return principal;
}

function scopeOf(auth: Json, account: AccountState): ProjectState | undefined {
  const { scope } = auth;
  if (!isRecord(scope) || !isRecord(scope["project"])) return undefined;
  const { id, name } = scope["project"];
  const found = account.projects.find((one) => (id === undefined ? one.name === name : one.id === id));
  if (found === undefined) throw new IamRefusal(401, "The project of the scope does not exist.");
  return found;
}

function methodsOf(identity: Json): readonly string[] {
  const { methods } = identity;
  return Array.isArray(methods) ? methods.map(String) : [];
}

function bodyOf({ request }: IamCall): Json {
  try {
    const value: unknown = JSON.parse(request.body.toString("utf8"));
    if (isRecord(value)) return value;
  } catch {
    // See below.
  }
  throw new IamRefusal(400, "The request body is invalid.");
}

function record(value: Json, name: string): Json {
  const found = value[name];
  if (!isRecord(found)) throw new IamRefusal(400, `Expecting to find ${name} in request body.`);
  return found;
}

/** "2019-02-13T06:52:13.855000Z". */
function isoMicros(at: number): string {
  return new Date(at).toISOString().replace("Z", "000Z");
}
