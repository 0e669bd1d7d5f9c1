import { Unreachable } from "../../core/errors";

/** Refusals that are not about root@sys's password: the path, or which of the passwords was sent. */
const OTHERWISE = /uri ?mismatch|AgentPassword|WithOceanBasePassword/i;

/** Whether a 401 can come from comparing root@sys's password. Servers before the errCode era say nothing of the cause. */
export function comparesPasswords(text: string): boolean {
  return !OTHERWISE.test(text);
}

/**
 * An agent compares root@sys's password with the last that it was given, and another one by logging in to its database.
 * Without that, what it calls incorrect may be the cluster's newer one.
 */
export function undecided(origin: string, text: string): Unreachable {
  return new Unreachable(`${origin} has no database to compare the password with: ${text}`, {
    sent: true,
    heard: true,
  });
}
