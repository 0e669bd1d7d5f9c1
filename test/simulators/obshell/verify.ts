import type { OcsHeader } from "./cipher";
import { type Dialect, has } from "./dialect";
import { Refusal } from "./errors";
import type { AgentState, ClusterState } from "./state";
import { holdsDatabase } from "./world";

export interface Credentials {
  readonly header: OcsHeader | undefined;
  /** Whether it was sent as X-OCS-Agent-Header, which overrides X-OCS-Header. */
  readonly agentHeader: boolean;
  readonly target: string;
  /** When the request was received. */
  readonly now: number;
  readonly dialect: Dialect;
}

/** Whether a caller is authorized: uri, then session, then time, then password (OBShell facts §1.4; live facts §2.3). */
export function verify(state: ClusterState, agent: AgentState, credentials: Credentials): void {
  const { header, target } = credentials;
  if (header === undefined) throw new Refusal("Request.Header.NotFound");
  if (header.uri !== target) throw new Refusal("Security.Authentication.Header.UriMismatch");
  if (header.sessionId !== "" && agent.identity === "CLUSTER AGENT" && has("sessions", agent.version)) {
    if (!isTimely(header, credentials)) throw new Refusal("Security.Authentication.Expired");
    throw new Refusal("Security.Authentication.SessionInvalid");
  }
  // It forwards the call to its master, and the simulator has no clusters with both.
  if (agent.identity === "FOLLOWER") throw new Refusal("Request.Forward.MasterAgent.NotFound");
  if (agent.identity === "SINGLE") verifySingle(agent, header, credentials);
  else verifyMember(state, agent, header, credentials);
}

/** An agent without a cluster accepts any password, unless it has its own. */
function verifySingle(agent: AgentState, header: OcsHeader, credentials: Credentials): void {
  if (agent.agentPassword === null) return;
  if (!credentials.agentHeader) {
    const args = ["agent password has been set"];
    throw new Refusal("Security.Authentication.WithAgentPassword", { args });
  }
  checkAgentPassword(agent.agentPassword, header, credentials);
}

function verifyMember(state: ClusterState, agent: AgentState, header: OcsHeader, credentials: Credentials): void {
  const initialized = agent.identity === "CLUSTER AGENT";
  if (!credentials.agentHeader) {
    if (!initialized && agent.agentPassword !== null) {
      const args = ["oceanbase password is not initialized"];
      throw new Refusal("Security.Authentication.WithAgentPassword", { args });
    }
    checkRootPassword(state, agent, header, credentials);
    return;
  }
  if (agent.agentPassword === null) {
    if (!initialized) return;
    const args = ["agent password is not initialized"];
    throw new Refusal("Security.Authentication.WithOceanBasePassword", { args });
  }
  checkAgentPassword(agent.agentPassword, header, credentials);
}

function checkAgentPassword(password: string, header: OcsHeader, credentials: Credentials): void {
  if (header.auth !== "") checkTime(header, credentials);
  if (header.auth !== password) throw new Refusal("Security.Authentication.IncorrectAgentPassword");
}

/** A password that the agent has not stored is tried on the database, and stored if it works. */
function checkRootPassword(state: ClusterState, agent: AgentState, header: OcsHeader, credentials: Credentials): void {
  if (header.auth !== "") checkTime(header, credentials);
  if (header.auth === agent.rootPassword) return;
  if (!holdsDatabase(agent) || header.auth !== state.rootPassword) {
    throw new Refusal("Security.Authentication.IncorrectOceanbasePassword");
  }
  agent.rootPassword = header.auth;
}

/** `ts` is the instant of expiry in whole seconds; an empty password skips this check. */
function checkTime(header: OcsHeader, { now }: Credentials): void {
  if (!/^[+-]?\d+$/.test(header.ts)) {
    const args = [header.ts, `strconv.ParseInt: parsing ${JSON.stringify(header.ts)}: invalid syntax`];
    throw new Refusal("Security.Authentication.Timestamp.Invalid", { args });
  }
  if (BigInt(Math.floor(now / 1000)) > BigInt(header.ts.replace("+", ""))) {
    throw new Refusal("Security.Authentication.Expired", { prefix: "Unauthorized" });
  }
}

/** For a session every failure of this check is the same error. */
function isTimely(header: OcsHeader, credentials: Credentials): boolean {
  try {
    checkTime(header, credentials);
    return true;
  } catch {
    return false;
  }
}
