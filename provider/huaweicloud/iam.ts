import { PinError } from "../core/errors";
import { validate } from "../http/body";
import { HttpClient } from "../http/client";
import { issuedToken } from "../taurusdb/schema";
import type { Credentials } from "./account";
import { readAnswer } from "./answers";
import type { Connection } from "./connection";
import { notHuaweiCloud, silence, troubleWith } from "./errors";
import type { Token } from "./token";

/** The project that a token shall be good for: by its id, or by the region whose main project it is. */
export interface Scope {
  readonly projectId?: string | undefined;
  readonly region?: string | undefined;
}

export function scopeKey({ projectId, region }: Scope): string {
  return projectId === undefined ? `region ${region ?? ""}` : `project ${projectId}`;
}

const TARGET = "/v3/auth/tokens?nocatalog=true";
/** A token lives for 24 hours; this long before its end another one is taken, for short ones after three quarters. */
const MARGIN = 30 * 60_000;
const DAY = 24 * 60 * 60_000;

/** A token by password. It does not end with the pin that asked: others may be waiting for it, too. */
export async function fetchToken({ account, transport, clock, signal }: Connection, scope: Scope): Promise<Token> {
  const { credentials, iam } = account;
  if (credentials.kind !== "user") throw new Error("only users take tokens");
  const http = new HttpClient({ transport, clock, signal });
  const what = `POST /v3/auth/tokens at ${iam} for ${credentials.userName} of ${credentials.domainName}`;
  const now = clock.elapsed();
  const body = JSON.stringify({ auth: { identity: identityOf(credentials), scope: { project: projectOf(scope) } } });
  const headers = { "content-type": "application/json;charset=utf8" };
  const response = await http.write({ origin: iam, target: TARGET, headers, body }).catch((error: unknown) => {
    throw silence(iam, error);
  });
  const answer = readAnswer(response);
  if (answer.kind !== "data") throw troubleWith(what, answer, { credentials });
  const value = response.headers["x-subject-token"];
  if (value === undefined || value === "") throw notHuaweiCloud(what, "an answer without X-Subject-Token");
  const { token } = validate(issuedToken, answer.data, what);
  const lifetime = Date.parse(token.expires_at) - Date.parse(token.issued_at);
  const lives = Number.isFinite(lifetime) && lifetime > 0 ? lifetime : DAY;
  return { value, projectId: token.project?.id, renewAt: now + lives - Math.min(MARGIN, lives / 4) };
}

function identityOf({ userName, password, domainName }: Extract<Credentials, { kind: "user" }>) {
  return {
    methods: ["password"],
    password: { user: { name: userName, password, domain: { name: domainName } } },
  };
}

function projectOf({ projectId, region }: Scope) {
  if (projectId !== undefined) return { id: projectId };
  if (region !== undefined) return { name: region };
  throw new PinError("blocked", "A token has to be good for a project, and neither it nor its region is known.");
}
