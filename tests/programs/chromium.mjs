// Headless Chromium over its debugging pipe. Node has no library for this, and needs none.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/// A browser that asks nobody for anything of its own accord.
export const chromium = async (more = []) => {
  const profile = mkdtempSync(join(tmpdir(), "parvis-chromium-"));
  const browser = spawn(process.env.CHROMIUM ?? "chromium", [
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars", ...more,
    `--user-data-dir=${profile}`, "--remote-debugging-pipe", "about:blank",
  ], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });

  let number = 0, rest = "";
  const waiting = new Map(), listeners = new Set();
  browser.stdio[4].on("data", (bytes) => {
    const parts = (rest + bytes.toString("utf8")).split("\0");
    rest = parts.pop();
    for (const part of parts) {
      const message = JSON.parse(part);
      const done = waiting.get(message.id);
      if (done) {
        waiting.delete(message.id);
        message.error ? done.fail(new Error(JSON.stringify(message.error))) : done.take(message.result);
      } else {
        for (const listener of [...listeners]) listener(message);
      }
    }
  });
  const ask = (method, params = {}, sessionId) => new Promise((take, fail) => {
    const id = ++number;
    waiting.set(id, { take, fail });
    browser.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
  });

  /// A tab: `ask` it, `heard` what it tells, `see` what an expression is there, `open` an address.
  const tab = async () => {
    const { targetId } = await ask("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await ask("Target.attachToTarget", { targetId, flatten: true });
    const here = (method, params) => ask(method, params, sessionId);
    const heard = (listener) => {
      const mine = ({ method, params, sessionId: of }) => { if (of === sessionId) listener(method, params); };
      listeners.add(mine);
      return () => listeners.delete(mine);
    };
    const see = async (expression) => {
      const { result, exceptionDetails } =
        await here("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    /// False where there was no page: what is there is for keeping.
    const open = (url) => new Promise(async (take) => {
      const deaf = heard((method) => { if (method === "Page.loadEventFired") { deaf(); take(true); } });
      const { errorText } = await here("Page.navigate", { url });
      if (errorText) { deaf(); take(false); }
    });
    for (const domain of ["Page", "Runtime", "Network"]) await here(`${domain}.enable`);
    return { ask: here, heard, see, open, targetId };
  };
  const close = async () => {
    const ended = new Promise((take) => browser.on("exit", take));
    await ask("Browser.close").catch(() => browser.kill());
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  return { ask, tab, close, heard: (listener) => listeners.add(({ method, params }) => listener(method, params)) };
};
