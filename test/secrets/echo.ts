import type { Transport, WireRequest, WireResponse } from "../../provider/http/transport";
import { formsOf } from "./canary";
import type { Ear } from "./ear";
import type { SecretWorld } from "./worlds";

/** A vendor that repeats what it was told: in refusals, in pages of a proxy, in what it says of its work. */

export interface Echo {
  readonly title: string;
  /** Whether this request is answered with an echo in place of its answer. */
  refuses?(request: WireRequest, calls: number): boolean;
  /** 0: the answer is the vendor's own, with the echo in all of its texts for people. */
  readonly status: number;
  readonly page?: boolean;
}

const LOGIN = /\/(auth\/tokens|users\/authorize|users\/refresh_jwt)/;
const isLogin = ({ target }: WireRequest) => LOGIN.test(target);
const isCall = (request: WireRequest) => request.method !== "GET" && !isLogin(request);

const TARGETS: readonly (readonly [string, NonNullable<Echo["refuses"]>])[] = [
  ["every read", ({ method }) => method === "GET"],
  ["the upgrade call", isCall],
  ["the login", isLogin],
  ["the reads after the call", ({ method }, calls) => method === "GET" && calls > 0],
];
const STATUSES = [400, 401, 403, 404, 409, 429, 500];
const PAGES = [400, 502];

/** By what is refused: every way to refuse it. */
export const ECHOES: readonly { readonly what: string; readonly echoes: readonly Echo[] }[] = TARGETS.map(
  ([what, refuses]) => ({
    what,
    echoes: [
      ...STATUSES.map((status) => ({ title: `${status}`, refuses, status })),
      ...PAGES.map((status) => ({ title: `a page, ${status}`, refuses, status, page: true })),
    ],
  }),
);

/** In what a vendor says of its own accord. */
export const TALK: Echo = { title: "in its own answers", status: 0 };

/** Texts that no program decides by. */
const FOR_PEOPLE = /reason|message|msg|error$|desc|log|comment/i;
/** Characters of a page that errors quote. */
const QUOTED = 120;

export function echoing(echo: Echo): (world: SecretWorld, ear: Ear) => Transport {
  let calls = 0;
  let pages = 0;
  return (world, ear) => ({
    async send(request) {
      tokensOf(request, ear);
      if (echo.refuses?.(request, calls)) {
        const secrets = ear.secrets;
        pages += 1;
        ear.echoes += 1;
        if (echo.page) return page(echo.status, secrets[pages % secrets.length] ?? "");
        return json(echo.status, world.problem(echo.status, textOf(ear)));
      }
      if (isCall(request)) calls += 1;
      const answer = await world.send.send(request);
      tokensIn(answer, ear);
      return echo.status === 0 ? talking(answer, textOf(ear)) : answer;
    },
    close: () => world.send.close(),
  });
}

/** Every secret in every form. */
export function textOf({ secrets }: Pick<Ear, "secrets">): string {
  return secrets.flatMap((secret) => ["told", ...formsOf(secret)]).join(" ");
}

/** A page that errors quote up to the middle of a secret. */
function page(status: number, secret: string): WireResponse {
  const begin = "<p>";
  const shown = 24;
  const text = `${begin}${"x".repeat(QUOTED - begin.length - shown)}${secret}</p>`;
  return { status, headers: { "content-type": "text/html" }, body: Buffer.from(text) };
}

function json(status: number, body: unknown): WireResponse {
  return { status, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(body)) };
}

function talking(answer: WireResponse, text: string): WireResponse {
  try {
    const body: unknown = JSON.parse(Buffer.from(answer.body).toString("utf8"));
    const told = JSON.stringify(body, (key, value) => {
      if (!FOR_PEOPLE.test(key)) return value;
      if (typeof value === "string") return `${value} ${text}`;
      return Array.isArray(value) && value.every((one) => typeof one === "string") ? [...value, text] : value;
    });
    return { ...answer, body: Buffer.from(told) };
  } catch {
    return answer;
  }
}

const SCHEME = /^(?:JWT|Bearer) (.+)$/;

function tokensOf({ headers }: WireRequest, ear: Ear): void {
  for (const [name, value] of Object.entries(headers)) {
    const token = name.toLowerCase() === "x-auth-token" ? value : SCHEME.exec(value)?.[1];
    if (token !== undefined) ear.learn("a token that was sent", token);
  }
}

function tokensIn({ headers, body }: WireResponse, ear: Ear): void {
  const issued =
    headers["x-subject-token"] ?? /"access_token":\s*"([^"]+)"/.exec(Buffer.from(body).toString("utf8"))?.[1];
  if (issued !== undefined) ear.learn("a token that was issued", issued);
}
