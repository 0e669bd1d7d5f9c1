import { describe, expect, it } from "vitest";
import type { WireResponse } from "../../provider/http/transport";
import { readAnswer } from "../../provider/redisenterprise/rest/answers";

const json = { "content-type": "application/json" };

function answer(status: number, body: string, headers: Record<string, string> = json): ReturnType<typeof readAnswer> {
  const response: WireResponse = { status, headers, body: Buffer.from(body) };
  return readAnswer(response);
}

describe("an error of the server", () => {
  const text = "Action 5a42 does not exist";
  it.each([
    ["as recorded", { description: text, error_code: "action_not_found" }],
    ["as most pages say", { error_code: "action_not_found", message: text }],
    ["as tasks have it", { error_code: "action_not_found", error_message: text }],
    ["as clients invent it", { error: text, error_code: "action_not_found" }],
  ])("is read %s", (_, body) => {
    expect(answer(404, JSON.stringify(body))).toEqual({
      kind: "missing",
      code: "action_not_found",
      text: `${text} (action_not_found)`,
    });
  });

  it("may have a text alone, a code alone, a number for a code, or nothing", () => {
    expect(answer(406, '{"description":"no"}')).toMatchObject({ kind: "refused", code: "", text: "no (HTTP 406)" });
    expect(answer(400, '{"error_code":"busy"}')).toMatchObject({
      kind: "refused",
      code: "busy",
      text: "HTTP 400 (busy)",
    });
    expect(answer(400, '{"error_code":7,"description":"no"}')).toMatchObject({ code: "7", text: "no (7, HTTP 400)" });
    expect(answer(401, "", {})).toEqual({ kind: "unauthorized", code: "", text: "HTTP 401 without a body" });
    expect(answer(404, "", {})).toMatchObject({ kind: "missing", code: "" });
    expect(answer(405, "", {})).toMatchObject({ kind: "refused", busy: false });
  });

  it("never sends control characters to a screen", () => {
    const body = JSON.stringify({ description: "\u001b[31mred\u0000\nline", error_code: "x" });
    expect(answer(400, body)).toMatchObject({ text: "[31mred | line (x, HTTP 400)" });
  });
});

describe("the status", () => {
  it.each([
    [400, "refused"],
    [401, "unauthorized"],
    [403, "forbidden"],
    [404, "missing"],
    [406, "refused"],
    [409, "refused"],
    [429, "away"],
    [500, "away"],
    [502, "away"],
    [503, "away"],
    [505, "refused"],
  ])("%i means %s", (status, kind) => {
    expect(answer(status, '{"error_code":"x","description":"y"}').kind).toBe(kind);
  });

  it("409 is a busy database, and so is the code, whatever its status", () => {
    expect(answer(409, "", {})).toMatchObject({ kind: "refused", busy: true });
    expect(answer(400, '{"error_code":"busy","description":"wait"}')).toMatchObject({ busy: true });
    expect(answer(400, '{"error_code":"other","description":"busy"}')).toMatchObject({ busy: false });
  });

  it("503 is known to be the vendor's by its envoy or its words", () => {
    expect(answer(503, "no healthy upstream", { server: "envoy" })).toMatchObject({ kind: "away", heard: true });
    expect(answer(503, '{"description":"down"}')).toMatchObject({ kind: "away", heard: true });
    expect(answer(503, "<h1>503</h1>", { "content-type": "text/html" })).toMatchObject({ kind: "away", heard: false });
  });
});

describe("a code of the server", () => {
  it.each([
    [403, "redis_upgrade_policy_mismatch", "refused"],
    [403, "upgrade_bdb_failed", "refused"],
    [404, "missing_module", "refused"],
    [500, "module_downgrade_unsupported", "refused"],
    [503, "redis_incompatible_version", "refused"],
    [401, "unsupported_module_capabilities", "refused"],
    [400, "db_not_exist", "missing"],
    [500, "action_not_found", "missing"],
    [403, "password_expired", "unauthorized"],
    [500, "busy", "refused"],
  ])("decides, whatever the status: %i %s means %s", (status, code, kind) => {
    expect(answer(status, JSON.stringify({ error_code: code, description: "Because" }))).toMatchObject({
      kind,
      text: `Because (${code})`,
    });
  });

  it("that is not known leaves it to the status, and both are told", () => {
    const body = JSON.stringify({ error_code: "fire", description: "It burns" });
    expect(answer(403, body)).toMatchObject({ kind: "forbidden", text: "It burns (fire, HTTP 403)" });
    expect(answer(500, body)).toMatchObject({ kind: "away", text: "It burns (fire, HTTP 500)" });
    expect(answer(403, JSON.stringify({ error_code: "constructor", description: "x" })).kind).toBe("forbidden");
  });
});

describe("something else", () => {
  it.each([
    [200, "<h1>Hello</h1>", "text/html"],
    [200, "", "text/plain"],
    [404, "<html>nginx</html>", "text/html"],
    [403, "  <!doctype html>", "text/plain"],
    [307, "", "text/plain"],
    [204, "", "text/plain"],
    [404, "404 page not found", "text/plain"],
  ])("%i %j is foreign", (status, body, type) => {
    expect(answer(status, body, { "content-type": type }).kind).toBe("foreign");
  });
});
