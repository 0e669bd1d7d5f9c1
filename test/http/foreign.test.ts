import { describe, expect, it } from "vitest";
import { Refused, Unreachable } from "../../provider/core/errors";
import { describeResponse, fateOf, foreignWrite } from "../../provider/http/body";

describe("a write that somebody else answered", () => {
  it.each([
    [200, "unconfirmed"],
    [201, "unconfirmed"],
    [204, "unconfirmed"],
    [301, "final"],
    [302, "final"],
    [303, "unconfirmed"],
    [307, "final"],
    [308, "final"],
    [400, "final"],
    [401, "final"],
    [403, "final"],
    [404, "final"],
    [405, "final"],
    [407, "final"],
    [408, "unconfirmed"],
    [411, "final"],
    [413, "final"],
    [421, "final"],
    [425, "soon"],
    [429, "soon"],
    [451, "final"],
    [499, "unconfirmed"],
    [500, "unconfirmed"],
    [501, "unconfirmed"],
    [502, "unconfirmed"],
    [503, "unconfirmed"],
    [504, "unconfirmed"],
    [599, "unconfirmed"],
  ])("with HTTP %i is %s", (status, fate) => {
    expect(fateOf(status)).toBe(fate);
    const error = foreignWrite("POST /x at http://a", { status, text: `HTTP ${status}` }, "Check it.");
    if (fate === "unconfirmed") {
      expect(error).toBeInstanceOf(Unreachable);
      expect(error).toMatchObject({ sent: true, message: `POST /x at http://a returned HTTP ${status}` });
    } else {
      expect(error).toBeInstanceOf(Refused);
      const message = `POST /x at http://a was refused: HTTP ${status}.`;
      expect(error).toMatchObject({ refusal: fate, message, remedy: "Check it." });
    }
  });
});

describe("a response is told", () => {
  const told = (status: number, headers: Record<string, string>, body = "") =>
    describeResponse({ status, headers, body: Buffer.from(body) });

  it("by status, type and text", () => {
    expect(told(404, { "content-type": "text/html; charset=utf-8" }, "<title>Not Found</title>")).toBe(
      "HTTP 404, text/html: “Not Found”",
    );
    expect(told(404, {}, "404 page not found\n")).toBe("HTTP 404: “404 page not found”");
    expect(told(204, { "content-type": "text/html" })).toBe("HTTP 204 without a body");
    expect(told(200, { "content-type": "text/html" }, "<html></html>")).toBe("HTTP 200, text/html");
  });

  it("of a redirect also by where it leads, without path and query, which may hold secrets", () => {
    expect(told(302, { location: "https://login.example/realm?code=s3cret" })).toBe(
      "HTTP 302 to https://login.example without a body",
    );
    expect(told(302, { location: "https://user:pw@login.example/" })).not.toContain("pw");
    expect(told(302, { location: "/login" })).toBe("HTTP 302 without a body");
  });
});
