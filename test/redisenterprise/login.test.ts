import { describe, expect, it } from "vitest";
import type { Answer } from "../../provider/redisenterprise/rest/answers";
import { Login, type Post } from "../../provider/redisenterprise/rest/login";
import { VirtualClock } from "../support/virtual-clock";

const BASIC = `Basic ${Buffer.from("a@b:hunter22").toString("base64")}`;
const denied: Answer = { kind: "unauthorized", text: "no", code: "" };

/** A login, and a cluster that gives out the tokens t1, t2, … */
function scene(authentication?: "basic" | "token", answers: (target: string) => Answer | undefined = () => undefined) {
  const clock = new VirtualClock();
  const asked: string[] = [];
  const concealed: string[] = [];
  const conceal = (secret: string) => void concealed.push(secret);
  const post: Post = async (target, body, authorization) => {
    asked.push(`${target} ${authorization ?? Object.keys(body).join(",")}`);
    return answers(target) ?? { kind: "data", data: { access_token: `t${asked.length}` } };
  };
  const login = new Login({ username: "a@b", password: "hunter22", authentication, clock, conceal });
  return { clock, asked, concealed, post, login };
}

describe("a login", () => {
  it("sends Basic without asking anybody", async () => {
    const { login, post, asked } = scene();
    expect(await login.header(post)).toBe(BASIC);
    expect(asked).toEqual([]);
  });

  it("asks for one token, however many wait for it", async () => {
    const { login, post, asked } = scene("token");
    expect(await Promise.all([login.header(post), login.header(post)])).toEqual(["JWT t1", "JWT t1"]);
    expect(asked).toEqual([`/v1/users/authorize ${BASIC}`]);
  });

  it("refreshes a token that is due, with the token itself", async () => {
    const { login, post, asked, clock } = scene("token");
    await login.header(post);
    await clock.sleep(200_000);
    expect(await login.header(post)).toBe("JWT t1");
    await clock.sleep(20_000);
    expect(await login.header(post)).toBe("JWT t2");
    expect(asked[1]).toBe("/v1/users/refresh_jwt JWT t1");
  });

  it("asks again for a token that cannot be refreshed", async () => {
    const { login, post, asked, clock } = scene("token", (target) =>
      target.endsWith("refresh_jwt") ? denied : undefined,
    );
    await login.header(post);
    await clock.sleep(300_000);
    expect(await login.header(post)).toBe("JWT t3");
    expect(asked.slice(1)).toEqual(["/v1/users/refresh_jwt JWT t1", `/v1/users/authorize ${BASIC}`]);
  });

  it("does nothing about the refusal of a header that was replaced in the meantime", async () => {
    const { login, post, asked } = scene("token");
    const first = await login.header(post);
    login.accepted(first);
    expect(await login.renew(first, post)).toBe(true);
    expect(await login.renew(first, post)).toBe(true);
    expect(asked).toHaveLength(2);
    expect(await login.header(post)).toBe("JWT t2");
  });

  it("tries the other word before a token once, and keeps the one that was accepted", async () => {
    const { login, post, asked } = scene("token");
    const first = await login.header(post);
    expect(await login.renew(first, post)).toBe(true);
    const second = await login.header(post);
    expect([first, second]).toEqual(["JWT t1", "Bearer t1"]);
    login.accepted(second);
    expect(await login.renew(second, post)).toBe(true);
    expect(await login.header(post)).toBe("Bearer t2");
    expect(asked).toHaveLength(2);
  });

  it("takes a refused Basic for a wrong password, unless a token is given out", async () => {
    const wrong = scene("basic", () => denied);
    expect(await wrong.login.renew(BASIC, wrong.post)).toBe(false);
    expect(wrong.asked).toEqual(["/v1/users/authorize username,password,ttl"]);
    const off = scene();
    expect(await off.login.renew(BASIC, off.post)).toBe(true);
    expect(await off.login.header(off.post)).toBe("JWT t1");
  });

  it("says why no token was had", async () => {
    const { login, post } = scene("token", () => ({ kind: "data", data: { token: "x" } }));
    await expect(login.header(post)).rejects.toMatchObject({
      answer: { kind: "foreign", text: "a response without access_token" },
    });
  });

  it("without a user sends no header, and gives up at once", async () => {
    const { post } = scene();
    const login = new Login({
      username: undefined,
      password: undefined,
      authentication: undefined,
      clock: new VirtualClock(),
      conceal: () => undefined,
    });
    expect(await login.header(post)).toBeUndefined();
    expect(await login.renew(undefined, post)).toBe(false);
    expect(login.user).toBe("the client certificate");
  });

  it("tells of every token that has to be kept out of what is said", async () => {
    const { login, post, concealed, clock } = scene("token");
    await login.header(post);
    expect(concealed).toEqual(["t1"]);
    await clock.sleep(250_000);
    await login.header(post);
    expect(concealed).toEqual(["t1", "t2"]);
  });
});
