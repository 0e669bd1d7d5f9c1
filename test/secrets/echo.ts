import type { Transport, WireRequest, WireResponse } from "../../provider/http/transport";
import { formsOf } from "./canary";
import type { Recorder } from "./recorder";
import type { SecretWorld } from "./worlds";

/** A vendor that repeats secrets: in rejections, in pages of a proxy, in its own messages. */

export interface Echo {
  readonly title: string;
  /** Whether this request gets an echo in place of the genuine response. */
  refuses?(request: WireRequest, upgradeRequests: number): boolean;
  /** 0: the response is the genuine one, with the echo in all of its messages. */
  readonly status: number;
  readonly page?: boolean;
}

const LOGIN = /\/(auth\/tokens|users\/authorize|users\/refresh_jwt)/;
const isLogin = ({ target }: WireRequest) => LOGIN.test(target);
const isUpgradeRequest = (request: WireRequest) => request.method !== "GET" && !isLogin(request);

const TARGETS: readonly (readonly [string, NonNullable<Echo["refuses"]>])[] = [
  ["every read", ({ method }) => method === "GET"],
  ["the upgrade request", isUpgradeRequest],
  ["the login", isLogin],
  ["the reads after the upgrade request", ({ method }, upgradeRequests) => method === "GET" && upgradeRequests > 0],
];
const STATUSES = [400, 401, 403, 404, 409, 429, 500];
const PAGES = [400, 502];

/** By rejected request: every kind of rejection. */
export const ECHOES: readonly { readonly what: string; readonly echoes: readonly Echo[] }[] = TARGETS.map(
  ([what, refuses]) => ({
    what,
    echoes: [
      ...STATUSES.map((status) => ({ title: `${status}`, refuses, status })),
      ...PAGES.map((status) => ({ title: `a page, ${status}`, refuses, status, page: true })),
    ],
  }),
);

/** In the messages of genuine responses. */
export const OWN_MESSAGES: Echo = { title: "in genuine responses", status: 0 };

/** Keys of messages, which do not affect decisions. */
const FOR_PEOPLE = /reason|message|msg|error$|desc|log|comment/i;
/** The number of characters of a page that errors quote. */
const QUOTED = 120;

export function echoing(echo: Echo): (world: SecretWorld, recorder: Recorder) => Transport {
  let upgradeRequests = 0;
  let pages = 0;
  return (world, recorder) => ({
    async send(request) {
      tokensOf(request, recorder);
      if (echo.refuses?.(request, upgradeRequests)) {
        const secrets = recorder.secrets;
        pages += 1;
        recorder.echoes += 1;
        if (echo.page) return page(echo.status, secrets[pages % secrets.length] ?? "");
        return json(echo.status, world.problem(echo.status, textOf(recorder)));
      }
      if (isUpgradeRequest(request)) upgradeRequests += 1;
      const response = await world.send.send(request);
      tokensIn(response, recorder);
      return echo.status === 0 ? withEcho(response, textOf(recorder)) : response;
    },
    close: () => world.send.close(),
  });
}

/** Every secret in every form. */
export function textOf({ secrets }: Pick<Recorder, "secrets">): string {
  return secrets.flatMap((secret) => ["told", ...formsOf(secret)]).join(" ");
}

/** A page whose quotation in an error ends in the middle of a secret. */
function page(status: number, secret: string): WireResponse {
  const begin = "<p>";
  const shown = 24;
  const text = `${begin}${"x".repeat(QUOTED - begin.length - shown)}${secret}</p>`;
  return { status, headers: { "content-type": "text/html" }, body: Buffer.from(text) };
}

function json(status: number, body: unknown): WireResponse {
  return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(body)) };
}

function withEcho(response: WireResponse, text: string): WireResponse {
  try {
    const body: unknown = JSON.parse(Buffer.from(response.body).toString("utf8"));
    const changed = JSON.stringify(body, (key, value) => {
      if (!FOR_PEOPLE.test(key)) return value;
      if (typeof value === "string") return `${value} ${text}`;
      return Array.isArray(value) && value.every((one) => typeof one === "string") ? [...value, text] : value;
    });
    return { ...response, body: Buffer.from(changed) };
  } catch {
    return response;
  }
}

const SCHEME = /^(?:JWT|Bearer) (.+)$/;

function tokensOf({ headers }: WireRequest, recorder: Recorder): void {
  for (const [name, value] of Object.entries(headers)) {
    const token = name.toLowerCase() === "x-auth-token" ? value : SCHEME.exec(value)?.[1];
    if (token !== undefined) recorder.addSecret("a token that was sent", token);
  }
}

function tokensIn({ headers, body }: WireResponse, recorder: Recorder): void {
  const issued =
    headers["x-subject-token"] ?? /"access_token":\s*"([^"]+)"/.exec(Buffer.from(body).toString("utf8"))?.[1];
  if (issued !== undefined) recorder.addSecret("a token that was issued", issued);
}
