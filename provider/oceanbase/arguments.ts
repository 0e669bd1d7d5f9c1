import { posix } from "node:path";
import { z } from "zod";
import type { TlsArguments } from "../http/tls";
import { tlsProblems } from "../http/tls";

/** Arguments that both OceanBase resources take. Messages name what is wrong and show a right value. */

const text = (example: string) =>
  z.string({ error: `must be a text, such as ${example}` }).min(1, `must not be empty; such as ${example}`);

const ENDPOINT_EXAMPLE = '"http://10.0.0.1:2886"';

const endpoint = text(ENDPOINT_EXAMPLE).superRefine((value, context) => {
  const problem = endpointProblem(value);
  if (problem === undefined) return;
  const message = `${problem}; right is ${ENDPOINT_EXAMPLE}`;
  context.addIssue({ code: "custom", message, params: { secret: value.includes("@") } });
});

/** Never quotes the value: it may carry a password. */
function endpointProblem(value: string): string | undefined {
  if (!URL.canParse(value)) return "is not a URL";
  const url = new URL(value);
  if (url.protocol !== "http:" && url.protocol !== "https:") return "must begin with http:// or https://";
  if (url.username !== "" || url.password !== "") return "must not carry credentials, which belong in `password`";
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    return "must be host and port alone, without a path";
  return undefined;
}

export const connection = {
  endpoints: z
    .array(endpoint, { error: `must be a list of agent addresses, such as [${ENDPOINT_EXAMPLE}]` })
    .min(1, `must name at least one agent, such as [${ENDPOINT_EXAMPLE}]`),
  password: z.string({ error: "must be a text" }).optional(),
  agentPassword: z.string({ error: "must be a text" }).optional(),
  caCertificate: pem("certificate").optional(),
  clientCertificate: pem("certificate").optional(),
  clientKey: pem("private key").optional(),
  serverName: text('"obshell.example.com"').optional(),
  allowUntrustedCertificate: z.boolean({ error: "must be true or false" }).optional(),
};

/** Certificates and keys that can never be used. For `superRefine`. */
export function checkTls(args: TlsArguments, context: z.RefinementCtx): void {
  for (const [path, message] of tlsProblems(args)) context.addIssue({ code: "custom", path: [path], message });
}

function pem(what: string) {
  return z
    .string({ error: `must be a ${what} in PEM form` })
    .regex(/-----BEGIN [A-Z ]+-----/, `must be a ${what} in PEM form, beginning with -----BEGIN`);
}

const PACKAGE_EXAMPLE = '["./oceanbase-ce-4.3.5.2-102000042025031214.el7.x86_64.rpm"]';

/** Local RPM files, relative to the program. What is in them is read from their headers. */
export const packages = z.array(text(PACKAGE_EXAMPLE), {
  error: `must be a list of RPM files, such as ${PACKAGE_EXAMPLE}`,
});

export const onFailure = z.enum(["report", "retry", "rollback"], {
  error: 'must be "report", "retry" or "rollback"',
});

const RELEASE_EXAMPLE = '"102000042025031214.el7"';

/** Build and distribution. obshell refuses a release without a dot. */
export const release = text(RELEASE_EXAMPLE).regex(
  /^\d+\.[A-Za-z0-9_]+$/,
  `must be build and distribution with a dot between them, such as ${RELEASE_EXAMPLE}`,
);

const DIRECTORY = /^[a-zA-Z0-9\u4e00-\u9fa5\-_:@/.]+$/;
const DIRECTORY_EXAMPLE = '"/data/obshell-upgrade"';

/**
 * The directory that obshell works in on every host. A rollback deletes it recursively, so only a directory of its own
 * is let through here; whether it contains an agent's home is checked where the homes are known.
 */
export const upgradeDir = text(DIRECTORY_EXAMPLE).superRefine((value, context) => {
  const problem = directoryProblem(value);
  if (problem !== undefined) {
    context.addIssue(
      `${problem}; right is a directory of its own, such as ${DIRECTORY_EXAMPLE} (a rollback deletes it)`,
    );
  }
});

function directoryProblem(value: string): string | undefined {
  if (!value.startsWith("/")) return "must be an absolute path";
  if (!DIRECTORY.test(value)) return "has characters that obshell does not allow";
  if (value.split("/").includes("..")) return "must not contain .. ";
  if (depthOf(value) < 2) return "must not be a first-level directory";
  return undefined;
}

function depthOf(path: string): number {
  return posix.normalize(path).split("/").filter(Boolean).length;
}

/**
 * Whether deleting the directory would delete an agent's home or a part of it. Inside the home only obshell's own
 * default, `<home>/upgrade`, may be deleted.
 */
export function endangers(directory: string, home: string): boolean {
  const target = posix.normalize(`${directory}/`);
  const house = posix.normalize(`${home}/`);
  return house.startsWith(target) || (target.startsWith(house) && !target.startsWith(`${house}upgrade/`));
}
