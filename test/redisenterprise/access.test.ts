import { describe, expect, it } from "vitest";
import { Login, type Post, tokenOf } from "../../provider/redisenterprise/rest/login";
import type { ParsedResponse } from "../../provider/redisenterprise/rest/responses";
import { VirtualClock } from "../support/virtual-clock";
import { CACHE, PASSWORD, type Rig, rig, USER } from "./rig";

type Args = Record<string, unknown>;

const THERE = { ...CACHE, modules: ["search", "ReJSON"] };
const TYPES: [string, (world: Rig, args?: Args) => Args][] = [
  ["modules", (world, args) => world.modules(args)],
  ["Redis", (world, args) => world.redis({ redisVersion: "7.4", ...args })],
];
const headers = (world: Rig) => new Set(world.received.map(({ authorization }) => authorization));
const BASIC = `Basic ${Buffer.from(`${USER}:${PASSWORD}`).toString("base64")}`;

describe.each(TYPES)("credentials (%s)", (_, inputs) => {
  const nothing = { endpoints: undefined, username: undefined, password: undefined };

  it("are taken from the arguments", async () => {
    const world = rig({ databases: [THERE] });
    expect((await world.lifecycle.create(inputs(world))).outs).toMatchObject({ status: "current" });
    expect(headers(world)).toEqual(new Set([BASIC]));
  });

  it("are taken from the stack's configuration, and are not in messages or state", async () => {
    const world = rig({ databases: [THERE] });
    const config: Record<string, string> = { "redisenterprise:username": USER, "redisenterprise:password": PASSWORD };
    await world.lifecycle.configure({ config: { get: (key) => config[key] } });
    const { outs } = await world.lifecycle.create(inputs(world, { username: undefined, password: undefined }));
    expect(outs).toMatchObject({ status: "current" });
    expect(JSON.stringify([outs, world.lines])).not.toContain(PASSWORD);
  });

  it("and endpoints are taken from the environment", async () => {
    const world = rig({ databases: [THERE] });
    Object.assign(world.env, {
      REDIS_ENTERPRISE_URL: world.cluster.endpoints.map((address) => `https://${address}/`).join(", "),
      REDIS_ENTERPRISE_USER: USER,
      REDIS_ENTERPRISE_PASSWORD: PASSWORD,
      REDIS_ENTERPRISE_INSECURE: "true",
    });
    expect((await world.lifecycle.check({}, inputs(world, nothing))).failures).toEqual([]);
    const { id, outs } = await world.lifecycle.create(inputs(world, nothing));
    expect(id).toBe("10.78.0.2:9443/bdb-1");
    expect(outs).toMatchObject({ status: "current" });
    expect(outs).not.toHaveProperty("endpoints");
    expect(await world.lifecycle.diff(id, outs, inputs(world, nothing))).toEqual({ changes: false, replaces: [] });
  });

  it("in an argument take precedence over all others", async () => {
    const world = rig({ databases: [THERE] });
    world.env["REDIS_ENTERPRISE_USER"] = "somebody@else";
    world.env["REDIS_ENTERPRISE_PASSWORD"] = "another";
    await world.lifecycle.create(inputs(world));
    expect(headers(world)).toEqual(new Set([BASIC]));
  });

  it("that are missing fail the preview, with their names", async () => {
    const world = rig({ databases: [THERE] });
    const { failures } = await world.lifecycle.check({}, inputs(world, nothing));
    expect(failures).toEqual([
      {
        property: "endpoints",
        reason: expect.stringMatching(
          /^is missing \(argument `endpoints`, .*`REDIS_ENTERPRISE_URL`\); it must be a list of node addresses, such as/,
        ),
      },
    ]);
    const unnamed = await world.lifecycle.check({}, inputs(world, { username: undefined, password: undefined }));
    expect(unnamed.failures).toEqual([
      {
        property: "username",
        reason: expect.stringMatching(/^is missing \(argument `username`, .*\); it must be the user's e-mail/),
      },
    ]);
    const half = await world.lifecycle.check({}, inputs(world, { password: undefined }));
    expect(half.failures).toEqual([
      {
        property: "",
        reason:
          "password is missing (argument `password`, config `redisenterprise:password`, environment `REDIS_ENTERPRISE_PASSWORD`); it must be the password of `username`",
      },
    ]);
    expect(world.cluster.journal.entries).toEqual([]);
  });

  it("that are wrong end the run immediately with an error, and are not retried", async () => {
    const world = rig({ databases: [THERE] });
    const call = world.lifecycle.create(inputs(world, { password: "wr0ng-one" }));
    await expect(call).rejects.toThrow(
      /The cluster at https:\/\/10\.78\.0\.2:9443 rejected the credentials of admin@cluster\.local \(argument `username`, argument `password`\): HTTP 401 without a body\..*\[unauthorized\]/,
    );
    // One with the password, and one that shows whether Basic is disabled.
    expect(world.received.map(({ target }) => target)).toEqual(["/v1/cluster", "/v1/users/authorize"]);
  });

  it("that are wrong fail a preview", async () => {
    const world = rig({ databases: [THERE] });
    const { failures } = await world.lifecycle.check({}, inputs(world, { password: "wr0ng-one" }));
    const reason = expect.stringMatching(/^cannot plan: .*rejected the credentials of admin@.*\[unauthorized\]$/);
    expect(failures).toEqual([{ property: "", reason }]);
    expect(world.messages()).toEqual([]);
    expect(JSON.stringify(world.lines)).not.toContain("wr0ng-one");
  });

  it("that have expired are reported as expired", async () => {
    const world = rig({ databases: [THERE], switches: { emptyErrors: [] } });
    world.cluster.control.expirePassword(USER);
    await expect(world.lifecycle.create(inputs(world))).rejects.toThrow(
      /the password has expired \(password_expired\)\. Set a new password for the user/,
    );
    expect(world.received).toHaveLength(1);
  });

  it("of a viewer can read, but not upgrade: the permission is named", async () => {
    const world = rig();
    world.cluster.control.addUser({ email: "viewer@x", password: "view-only", role: "db_viewer" });
    const args = inputs(world, { username: "viewer@x", password: "view-only", redisVersion: "8.0" });
    if (!("modules" in args)) delete args["modules"];
    else delete args["redisVersion"];
    expect((await world.lifecycle.check({}, args)).failures).toEqual([]);
    await expect(world.lifecycle.create(args)).rejects.toThrow(
      /does not allow viewer@x to send POST \/v1\/bdbs\/1\/\S*upgrade: .* requires the permission (edit_bdb_module|update_bdb_with_action), which the roles admin, cluster_member and db_member hold\. \[unauthorized\]/,
    );
    expect(world.cluster.acceptedUpgrades).toEqual([]);
    expect(world.cluster.journal.count("POST")).toBe(1);
  });

  it("of a member of the database suffice", async () => {
    const world = rig();
    world.cluster.control.addUser({ email: "member@x", password: "members", role: "db_member" });
    const { outs } = await world.lifecycle.create(inputs(world, { username: "member@x", password: "members" }));
    expect(outs).toMatchObject({ status: "current" });
  });
});

describe("a rejection because of the license", () => {
  it("is reported as such, not as a missing permission", async () => {
    const world = rig({ settings: { licenseExpired: true } });
    await expect(world.lifecycle.create(world.modules())).rejects.toThrow(
      /license expired.*Renew the cluster's license/,
    );
  });
});

describe("tokens", () => {
  const token = { authentication: "token" };
  const requestsTo = (world: Rig, path: string) => world.received.filter(({ target }) => target === path).length;
  const AUTHORIZE = "/v1/users/authorize";
  const REFRESH = "/v1/users/refresh_jwt";

  it("are requested at once if an argument requires them, and used for all requests", async () => {
    const world = rig();
    const { outs } = await world.lifecycle.create(world.modules(token));
    expect(outs).toMatchObject({ status: "current" });
    expect(requestsTo(world, AUTHORIZE)).toBe(1);
    const others = world.received.filter(({ target }) => target !== AUTHORIZE);
    expect(others.every(({ authorization }) => authorization?.startsWith("JWT "))).toBe(true);
    expect(JSON.parse(world.received[0]?.body ?? "")).toEqual({ ttl: 900 });
  });

  it("are requested with the password in the body if Basic is disabled in the cluster", async () => {
    const world = rig({ softwareVersion: "8.2.0-25", settings: { basicAuthentication: false } });
    const { outs } = await world.lifecycle.create(world.modules({ modules: { search: ">=2.10.9" } }));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.received.filter(({ authorization }) => authorization === BASIC)).toHaveLength(1);
    const body = world.received.find(({ target }) => target === AUTHORIZE);
    expect(body?.authorization).toBeUndefined();
    expect(JSON.parse(body?.body ?? "")).toEqual({ username: USER, password: PASSWORD, ttl: 900 });
  });

  it.each(["header", "body", "either"] as const)(
    "are received for each form of the password that a server accepts (%s)",
    async (authorizeBy) => {
      const world = rig({ databases: [THERE], switches: { authorizeBy } });
      expect((await world.lifecycle.create(world.modules(token))).outs).toMatchObject({ status: "current" });
    },
  );

  it.each([[["JWT"]], [["Bearer"]], [["JWT", "Bearer"]]] as const)(
    "are sent with the scheme that the server supports (%j)",
    async (tokenSchemes) => {
      const world = rig({ databases: [THERE], switches: { tokenSchemes } });
      expect((await world.lifecycle.create(world.modules(token))).outs).toMatchObject({ status: "current" });
      expect(requestsTo(world, AUTHORIZE)).toBe(1);
    },
  );

  it.each([[["JWT"]], [["Bearer"]]] as const)(
    "that become invalid before the scheme is known are requested again, and sent with the scheme that the server supports (%j)",
    async (tokenSchemes) => {
      const world = rig({ databases: [THERE], switches: { tokenSchemes } });
      let given = 0;
      world.cluster.onCall(({ request }) => {
        if (request.target === AUTHORIZE) given += 1;
        else if (given === 1) world.cluster.control.expireTokens();
      });
      expect((await world.lifecycle.create(world.modules(token))).outs).toMatchObject({ status: "current" });
      expect(given).toBe(2);
    },
  );

  it("are renewed before they expire during a wait", async () => {
    const world = rig({ timings: { shardMs: 3 * 3_600_000 } });
    const { outs } = await world.lifecycle.create(world.modules({ ...token, __timeouts: { create: "5h" } }));
    expect(outs).toMatchObject({ status: "current" });
    expect(requestsTo(world, AUTHORIZE)).toBe(1);
    expect(requestsTo(world, REFRESH)).toBeGreaterThan(10);
    expect(world.cluster.journal.entries.filter(({ status }) => status === 401)).toEqual([]);
  });

  it("that become invalid during a wait are requested again", async () => {
    const world = rig({ timings: { shardMs: 120_000 } });
    world.clock.after(60_000, () => world.cluster.control.expireTokens());
    const { outs } = await world.lifecycle.create(world.modules(token));
    expect(outs).toMatchObject({ status: "current" });
    expect(requestsTo(world, AUTHORIZE)).toBe(2);
    expect(world.cluster.journal.entries.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  it("that become invalid just before the upgrade request do not cause a second one", async () => {
    const world = rig();
    let late = true;
    world.cluster.onCall(({ request }) => {
      if (!request.target.endsWith("/modules/upgrade") || !late) return;
      late = false;
      world.cluster.control.expireTokens();
    });
    const { outs } = await world.lifecycle.create(world.modules(token));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.journal.find("POST", /upgrade/).map(({ status }) => status)).toEqual([401, 200]);
    expect(world.cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("are still used after a change of the master during a wait", async () => {
    const world = rig({ timings: { shardMs: 600_000 } });
    world.clock.after(200_000, () => world.cluster.control.changeMaster(2));
    world.clock.after(400_000, () => {
      world.cluster.control.changeMaster(3);
      world.cluster.control.expireTokens();
    });
    const { outs } = await world.lifecycle.create(world.modules(token));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.journal.count("POST", /upgrade/)).toBe(1);
    expect(world.cluster.journal.entries.some(({ status }) => status === 307)).toBe(true);
  });

  it("that are rejected permanently end the run with an error", async () => {
    const world = rig();
    await expect(world.lifecycle.create(world.modules({ ...token, password: "wr0ng-one" }))).rejects.toThrow(
      /rejected the credentials of admin@cluster\.local.*\[unauthorized\]/,
    );
    expect(world.received.every(({ target }) => target === AUTHORIZE)).toBe(true);
  });

  it("that the cluster temporarily does not issue are waited for", async () => {
    const world = rig({ databases: [THERE] });
    const fault = { kind: "replace", status: 503, body: "no healthy upstream" } as const;
    world.cluster.faults.add({ match: { path: AUTHORIZE }, times: 3, fault });
    expect((await world.lifecycle.create(world.modules(token))).outs).toMatchObject({ status: "current" });
  });

  it("never appear in a message, even if a server quotes them", async () => {
    const world = rig();
    let quoted = "";
    world.cluster.onCall(({ request }) => {
      const [scheme, given] = (request.headers["authorization"] ?? "").split(" ");
      if (scheme !== "JWT" || given === undefined || quoted !== "") return;
      quoted = given;
      const body = JSON.stringify({ description: `what is ${given}?`, error_code: "x" });
      const fault = { kind: "replace", status: 400, headers: { "content-type": "application/json" }, body } as const;
      world.cluster.faults.add({ match: { method: "POST" }, fault });
    });
    const error = await world.lifecycle.create(world.modules(token)).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("was refused: what is [secret]? (x, HTTP 400)");
    expect(quoted).not.toBe("");
    expect(JSON.stringify([String(error), world.lines])).not.toContain(quoted);
  });
});

const AUTHORIZATION = `Basic ${Buffer.from("a@b:hunter22").toString("base64")}`;
const denied: ParsedResponse = { kind: "unauthorized", text: "no", code: "" };

/** A login, and a cluster that issues the tokens t1, t2, … */
function scene(
  authentication?: "basic" | "token",
  answers: (target: string) => ParsedResponse | undefined = () => undefined,
) {
  const clock = new VirtualClock();
  const requests: string[] = [];
  const concealed: string[] = [];
  const conceal = (secret: string) => void concealed.push(secret);
  const post: Post = async (target, body, authorization) => {
    requests.push(`${target} ${authorization ?? Object.keys(body).join(",")}`);
    return answers(target) ?? { kind: "data", data: { access_token: `t${requests.length}` } };
  };
  const login = new Login({ username: "a@b", password: "hunter22", authentication, clock, conceal });
  return { clock, requests, concealed, post, login };
}

describe("a login", () => {
  it("sends Basic without a login request", async () => {
    const { login, post, requests } = scene();
    expect(await login.header(post)).toBe(AUTHORIZATION);
    expect(requests).toEqual([]);
  });

  it("requests one token for all concurrent requests", async () => {
    const { login, post, requests } = scene("token");
    expect(await Promise.all([login.header(post), login.header(post)])).toEqual(["JWT t1", "JWT t1"]);
    expect(requests).toEqual([`/v1/users/authorize ${AUTHORIZATION}`]);
  });

  it("refreshes a token that is due, with that token", async () => {
    const { login, post, requests, clock } = scene("token");
    await login.header(post);
    await clock.sleep(200_000);
    expect(await login.header(post)).toBe("JWT t1");
    await clock.sleep(20_000);
    expect(await login.header(post)).toBe("JWT t2");
    expect(requests[1]).toBe("/v1/users/refresh_jwt JWT t1");
  });

  it("requests a new token if it cannot be refreshed", async () => {
    const { login, post, requests, clock } = scene("token", (target) =>
      target.endsWith("refresh_jwt") ? denied : undefined,
    );
    await login.header(post);
    await clock.sleep(300_000);
    expect(await login.header(post)).toBe("JWT t3");
    expect(requests.slice(1)).toEqual(["/v1/users/refresh_jwt JWT t1", `/v1/users/authorize ${AUTHORIZATION}`]);
  });

  it("ignores the rejection of a header that was replaced meanwhile", async () => {
    const { login, post, requests } = scene("token");
    const first = await login.header(post);
    login.accepted(first);
    expect(await login.renew(first, post)).toBe(true);
    expect(await login.renew(first, post)).toBe(true);
    expect(requests).toHaveLength(2);
    expect(await login.header(post)).toBe("JWT t2");
  });

  it("tries the other scheme once, and keeps the accepted one", async () => {
    const { login, post, requests } = scene("token");
    const first = await login.header(post);
    expect(await login.renew(first, post)).toBe(true);
    const second = await login.header(post);
    expect([first, second]).toEqual(["JWT t1", "Bearer t1"]);
    login.accepted(second);
    expect(await login.renew(second, post)).toBe(true);
    expect(await login.header(post)).toBe("Bearer t2");
    expect(requests).toHaveLength(2);
  });

  it("treats a rejected Basic as a wrong password, unless a token is issued", async () => {
    const wrong = scene("basic", () => denied);
    expect(await wrong.login.renew(AUTHORIZATION, wrong.post)).toBe(false);
    expect(wrong.requests).toEqual(["/v1/users/authorize username,password,ttl"]);
    const off = scene();
    expect(await off.login.renew(AUTHORIZATION, off.post)).toBe(true);
    expect(await off.login.header(off.post)).toBe("JWT t1");
  });

  it("reports why no token was issued", async () => {
    const { login, post } = scene("token", () => ({ kind: "data", data: { token: "x" } }));
    await expect(login.header(post)).rejects.toMatchObject({
      parsed: { kind: "foreign", text: "a response without access_token" },
    });
  });

  it("without a user sends no header, and fails immediately", async () => {
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

  it("reports every token for redaction", async () => {
    const { login, post, concealed, clock } = scene("token");
    await login.header(post);
    expect(concealed).toEqual(["t1"]);
    await clock.sleep(250_000);
    await login.header(post);
    expect(concealed).toEqual(["t1", "t2"]);
  });
});

describe("a token", () => {
  const token = (claims: unknown) => `h.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.s`;

  it("is due before its expiry, calculated from its own times", () => {
    expect(tokenOf(token({ iat: 5_000, exp: 6_000 }), 1_000_000).due).toBe(1_000_000 + 700_000);
  });

  it.each(["opaque", "a.b.c", token(null), token({ iat: 10, exp: 5 }), token({ exp: "soon" })])(
    "without readable times (%s) has the vendor's default lifetime",
    (text) => {
      expect(tokenOf(text, 0).due).toBe(210_000);
    },
  );
});
