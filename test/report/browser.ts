import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** A browser on PATH; undefined where there is none. */
export function findBrowser(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const message = z.looseObject({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.looseObject({}).optional(),
  result: z.looseObject({}).optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});
const evaluated = z.looseObject({
  result: z.looseObject({ value: z.unknown().optional() }),
  exceptionDetails: z.looseObject({}).optional(),
});

export interface PageOptions {
  readonly width?: number;
  readonly scheme?: "light" | "dark";
  /** Default true. */
  readonly scripts?: boolean;
}

/** A headless browser, over the Chrome DevTools protocol. */
export class Browser {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, (answer: z.infer<typeof message>) => void>();
  /** Events of all pages: `method` and parameters. */
  readonly #events: { readonly method: string; readonly params: unknown }[] = [];
  #calls = 0;

  static async start(path: string): Promise<Browser> {
    const profile = await mkdtemp(join(tmpdir(), "browser-"));
    // As root, and in most containers, Chromium's own sandbox cannot work; the only pages are our own.
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
    const quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"];
    const where = ["--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
    const child = spawn(path, [...flags, ...quiet, ...where], { stdio: ["ignore", "ignore", "pipe"] });
    const address = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr }).on("line", (line) => {
        const found = /DevTools listening on (ws:\S+)/.exec(line)?.[1];
        if (found !== undefined) resolve(found);
      });
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`${path} ended with ${code}`)));
    });
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    return new Browser(child, profile, socket);
  }

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const { id, method, ...rest } = message.parse(JSON.parse(String(data)));
      if (id !== undefined) this.#waiting.get(id)?.({ id, ...rest });
      else if (method !== undefined) this.#events.push({ method, params: rest.params });
    });
  }

  async #call(method: string, params: object, sessionId?: string): Promise<z.infer<typeof message>["result"]> {
    this.#calls += 1;
    const id = this.#calls;
    const answer = new Promise<z.infer<typeof message>>((resolve) => this.#waiting.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    const { result, error } = await answer;
    this.#waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** Opens a file in a page of its own, and waits until it has loaded. */
  async open(url: string, { width = 1280, scheme = "light", scripts = true }: PageOptions = {}): Promise<Page> {
    const { targetId } = z
      .looseObject({ targetId: z.string() })
      .parse(await this.#call("Target.createTarget", { url: "about:blank" }));
    const attached = await this.#call("Target.attachToTarget", { targetId, flatten: true });
    const { sessionId } = z.looseObject({ sessionId: z.string() }).parse(attached);
    const call = (method: string, params: object = {}) => this.#call(method, params, sessionId);
    const before = this.#events.length;
    await call("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: width < 600 });
    await call("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    await call("Emulation.setScriptExecutionDisabled", { value: !scripts });
    for (const domain of ["Page", "Network", "Log", "Runtime"]) await call(`${domain}.enable`);
    await call("Page.navigate", { url });
    await this.#until(() => this.#events.slice(before).some(({ method }) => method === "Page.loadEventFired"));
    return {
      evaluate: async (expression) => {
        const value = await call("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
        const { result, exceptionDetails } = evaluated.parse(value);
        if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
        return result.value;
      },
      events: (name) =>
        this.#events
          .slice(before)
          .filter(({ method }) => method === name)
          .map(({ params }) => params),
    };
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => this.#socket.addEventListener("message", resolve, { once: true }));
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    await this.#call("Browser.close", {});
    await ended;
    this.#socket.close();
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

export interface Page {
  /** The value of an expression in the page; a promise is awaited. Works where the page's own scripts are off. */
  evaluate(expression: string): Promise<unknown>;
  /** What the browser has told of the page so far, by the protocol's names: `Log.entryAdded`. */
  events(name: string): unknown[];
}
