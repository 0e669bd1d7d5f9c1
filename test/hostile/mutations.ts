import type { WireResponse } from "../../provider/http/transport";

/** Mutations of a vendor's JSON response by a hostile server. Each keeps as much of the shape as possible. */

/** Clears the screen, renames the window, reverses the text direction, begins a new line. */
export const ESCAPES = "\u001b[2J\u001b]0;owned\u0007\u202e\r\n\u009b31mDone.\u0000";
const LONG = "x".repeat(20_000);
const FAR = "+275760-09-13T00:00:00.000Z";

type Json = unknown;
type Change = (value: Json, key: string) => Json;

/** Applies a change to every value, the innermost first. */
function everywhere(value: Json, change: Change, key = ""): Json {
  if (Array.isArray(value))
    return change(
      value.map((member) => everywhere(member, change)),
      key,
    );
  if (typeof value !== "object" || value === null) return change(value, key);
  const entries = Object.entries(value).map(([name, member]) => [name, everywhere(member, change, name)]);
  return change(Object.fromEntries(entries), key);
}

/** Nested arrays are not extended, because they would have millions of members. */
function lengthened(value: Json): Json {
  if (Array.isArray(value)) {
    return value.length === 0 ? value : Array.from({ length: 2_000 }, (_, index): Json => value[index % value.length]);
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, lengthened(member)]));
}

const strings = (change: (text: string) => Json) => (value: Json) =>
  everywhere(value, (one) => (typeof one === "string" ? change(one) : one));
const numbers = (change: (number: number) => Json) => (value: Json) =>
  everywhere(value, (one) => (typeof one === "number" ? change(one) : one));
const isObject = (value: Json): value is object => typeof value === "object" && value !== null && !Array.isArray(value);

/** As text: `JSON.stringify` would not write these keys of an object literal, and JSON has numbers that JavaScript lacks. */
const PROTOTYPE = '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1,';

const DEPTH = 20_000;
const DEEP = `${"[".repeat(DEPTH)}${"]".repeat(DEPTH)}`;

const rewritten =
  (change: (value: Json) => Json) =>
  (text: string): string => {
    try {
      return JSON.stringify(change(JSON.parse(text)));
    } catch {
      return text;
    }
  };

/** By name: converts the text of a genuine response to that of a hostile one. */
export const MUTATIONS: Readonly<Record<string, (text: string) => string>> = {
  "terminal escapes after every string": rewritten(strings((text) => `${text}${ESCAPES}`)),
  "terminal escapes before every string": rewritten(strings((text) => `${ESCAPES}${text}`)),
  "terminal escapes in every key": rewritten((value) =>
    everywhere(value, (one) =>
      isObject(one)
        ? { ...one, ...Object.fromEntries(Object.entries(one).map(([k, v]) => [`${k}${ESCAPES}`, v])) }
        : one,
    ),
  ),
  "strings of 20,000 characters": rewritten(strings((text) => `${text}${LONG}`)),
  "dates at the end of time": rewritten(strings((text) => (/^\d{4}-\d\d-\d\dT/.test(text) ? FAR : text))),
  "numbers beyond 2^53": rewritten(numbers(() => 2 ** 53 + 2)),
  "numbers near the largest": rewritten(numbers(() => 1e308)),
  "numbers below zero": rewritten(numbers((number) => -number - 0.5)),
  "numbers that are infinite": (text) => text.replace(/:\s*-?\d+(\.\d+)?(?=[,}\]])/g, ":1e999"),
  "numbers of 10,000 digits": (text) => text.replace(/:\s*-?\d+(?=[,}\]])/g, `:${"9".repeat(10_000)}`),
  "prototype keys": (text) => text.replace(/\{(?=\s*")/g, `{${PROTOTYPE}`),
  "prototype keys alone": (text) => text.replace(/"([a-zA-Z_]+)":/g, '"__proto__":'),
  "a prototype key in place of every string": rewritten(strings(() => "constructor")),
  "an additional deep value": (text) => text.replace(/\{(?=\s*")/, `{"deep":${DEEP},`),
  "a deep value in place of the response": () => DEEP,
  "arrays of 2,000 members": rewritten(lengthened),
  "empty arrays": rewritten((value) => everywhere(value, (one) => (Array.isArray(one) ? [] : one))),
  "null in place of every value": rewritten((value) => everywhere(value, (one) => (isObject(one) ? one : null))),
  "numbers in place of strings": rewritten(strings((text) => text.length)),
  "strings in place of numbers": rewritten(numbers((number) => `${number}`)),
  "the response in an array": (text) => `[${text}]`,
  "the response as a string": (text) => JSON.stringify(text),
  "a number": () => "0",
  "an empty object": () => "{}",
  "an empty array": () => "[]",
  null: () => "null",
  "a byte order mark": (text) => `\ufeff${text}`,
  "the response twice": (text) => `${text}${text}`,
  "half of the response": (text) => text.slice(0, text.length / 2),
  "no body": () => "",
  "control characters": () => "\u0000\u001b[2J\u0007\u009d\u202e",
  "a page with escapes": () => `<html>${ESCAPES}<title>502</title></html>`,
};

/** By name: replaces the response, or its status and headers. */
export const REPLACEMENTS: Readonly<Record<string, (genuine: WireResponse) => WireResponse>> = {
  "204": () => ({ status: 204, headers: {}, body: Buffer.alloc(0) }),
  "205": () => ({ status: 205, headers: {}, body: Buffer.alloc(0) }),
  "206 with a part of the body": ({ body }) => ({ status: 206, headers: {}, body: body.subarray(0, 7) }),
  "300": ({ headers, body }) => ({ status: 300, headers, body }),
  "304": ({ headers }) => ({ status: 304, headers, body: Buffer.alloc(0) }),
  "226 with the body": ({ headers, body }) => ({ status: 226, headers, body }),
  "418 with the body": ({ headers, body }) => ({ status: 418, headers, body }),
  "999": ({ headers, body }) => ({ status: 999, headers, body }),
  "429 with a wait of years": () => ({
    status: 429,
    headers: { "retry-after": "99999999999999999999", "content-type": "text/plain" },
    body: Buffer.from("slow down"),
  }),
  "503 with a date at the end of time": () => ({
    status: 503,
    headers: { "retry-after": "Fri, 31 Dec 9999 23:59:59 GMT", date: "Sat, 13 Sep 275760 00:00:00 GMT" },
    body: Buffer.from("later"),
  }),
  "401 by a clock at the end of time": () => ({
    status: 401,
    headers: { date: "Sat, 13 Sep 275760 00:00:00 GMT", "content-type": "application/json" },
    body: Buffer.from('{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: expired"}'),
  }),
  "headers with escapes": () => ({
    status: 400,
    headers: { "content-type": `text/${ESCAPES}`, "x-request-id": ESCAPES, server: ESCAPES },
    body: Buffer.from("?"),
  }),
  "headers with escapes, well-formed": () => ({
    status: 404,
    headers: { "content-type": "application/json", "x-request-id": `id${ESCAPES}` },
    body: Buffer.from('{"error_code":"DBS.999999","error_msg":"no"}'),
  }),
  "an error whose code is constructor": () => ({
    status: 409,
    headers: { "content-type": "application/json" },
    body: Buffer.from(
      '{"error_code":"constructor","description":"no","error_msg":"no","successful":false,"status":409,"error":{"errCode":"constructor","message":"no"}}',
    ),
  }),
  "an error whose code is __proto__": () => ({
    status: 500,
    headers: { "content-type": "application/json" },
    body: Buffer.from(
      '{"error_code":"__proto__","description":"no","error_msg":"no","successful":false,"status":500,"error":{"errCode":"__proto__","message":"no"}}',
    ),
  }),
  "a compressed body": ({ headers, body }) => ({
    status: 200,
    headers: { ...headers, "content-encoding": "gzip" },
    body: Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), body]),
  }),
};
