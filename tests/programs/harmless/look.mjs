// Opens everything an archive has in Chromium, with traps armed, and says what fired.
//
//   node look.mjs VECTORS ORIGIN POSTS
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "../chromium.mjs";

const [vectorsFile, origin, posts] = process.argv.slice(2);
const CANARY = "canary.example", ADDRESSES_MAX = 6000, FIRED_MIN = 60, OPENED_OF_ORIGINALS = 5;
const browser = await chromium([
  "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "--disable-popup-blocking", "--autoplay-policy=no-user-gesture-required",
]);
await browser.ask("Browser.setDownloadBehavior", { behavior: "deny" });
await browser.ask("Target.setDiscoverTargets", { discover: true });

// Whatever runs says so: by the word itself, by what scripts do first, by a dialog.
const TRAPS = `(() => {
  const told = (what) => () => { try { trapped(what + " at " + location.href); } catch {} return 0; };
  Object.defineProperty(globalThis, "TRAP", { get: told("TRAP"), configurable: true });
  for (const name of ["alert", "confirm", "prompt", "print", "open", "fetch", "eval", "Function", "WebSocket", "XMLHttpRequest"]) {
    try { globalThis[name] = told(name); } catch {}
  }
  try { navigator.sendBeacon = told("sendBeacon"); } catch {}
})()`;

/// A tab with traps; what they catch goes to `faults`.
const trapped = async (faults, { policy, home }) => {
  const tab = await browser.tab();
  await tab.ask("Runtime.addBinding", { name: "trapped" });
  await tab.ask("Page.addScriptToEvaluateOnNewDocument", { source: TRAPS });
  await tab.ask("Log.enable");
  if (!policy) await tab.ask("Page.setBypassCSP", { enabled: true });
  tab.heard((method, params) => {
    if (method === "Runtime.bindingCalled") faults.add(`ran: ${params.payload}`);
    if (method === "Page.javascriptDialogOpening") {
      faults.add(`dialog: ${params.url}`);
      tab.ask("Page.handleJavaScriptDialog", { accept: false }).catch(() => {});
    }
    if (method === "Network.requestWillBeSent") {
      const { url } = params.request;
      const theirs = !params.documentURL.startsWith("chrome-error:") && !url.startsWith("about:");
      if (theirs && !home.some((start) => url.startsWith(start))) {
        faults.add(`asked for ${url.slice(0, 120)} from ${params.documentURL.slice(0, 120)}`);
      }
    }
    if (method === "Log.entryAdded" && tab.at && params.entry.source === "security") {
      faults.add(`policy: ${params.entry.text.slice(0, 200)} at ${tab.at}`);
    }
  });
  return tab;
};

// What a page of ours may hold, as the browser understood it.
const LOOK = `(() => {
  const wrong = [];
  const never = "script, iframe, frame, frameset, object, embed, applet, portal, base, style, svg, math, template, marquee, "
    + "audio, video, track, meta[http-equiv], textarea, select, input[type=password], [style], [srcdoc], [srcset], [autofocus], "
    + "[id*=clobber], [name=cookie], [name=getElementById], [id=defaultView], [id=baseURI], [contenteditable], [popover], [slot]";
  for (const one of document.querySelectorAll(never)) wrong.push("holds " + one.outerHTML.slice(0, 120));
  for (const one of document.querySelectorAll("*")) {
    for (const { name } of one.attributes) if (name.startsWith("on")) wrong.push("handler " + name);
  }
  const links = [];
  for (const one of document.querySelectorAll("[href], [src], [action], [formaction], [cite], [background], [poster]")) {
    for (const name of ["href", "src", "action", "formaction", "cite", "background", "poster"]) {
      if (!one.hasAttribute(name)) continue;
      if (!URL.canParse(one.getAttribute(name), document.baseURI)) continue;
      const url = new URL(one.getAttribute(name), document.baseURI);
      if (!["http:", "https:", "mailto:"].includes(url.protocol)) wrong.push("leads to " + url.href.slice(0, 120));
      const elsewhere = url.protocol !== "mailto:" && url.origin !== location.origin;
      if (elsewhere && one.localName !== "a") wrong.push("loads " + url.href.slice(0, 120));
      if (elsewhere && !/noopener/.test(one.rel)) wrong.push("no noopener: " + url.href.slice(0, 120));
      if (url.protocol === "mailto:" && /[?&](b?cc|attach)=/i.test(url.search)) wrong.push("writes to others: " + url.href);
      if (url.origin === location.origin) links.push(url.pathname + url.search);
    }
  }
  if (!document.baseURI.startsWith(location.origin)) wrong.push("base " + document.baseURI);
  if (document.cookie) wrong.push("cookie " + document.cookie);
  return { wrong, links, kind: document.contentType };
})()`;

// First the proof that the traps catch: the vectors as they are, each in a frame of nobody's making.
const lines = readFileSync(vectorsFile, "utf8").split("\n").filter((line) => line && !/^(# |\[)/.test(line));
const html = lines.slice(0, lines.findIndex((line) => line.startsWith("onabort")));
const READ = { n: "\n", t: "\t", x0c: "\f", x22: '"' };
const naked = (at) => html[at].replaceAll("CANARY", CANARY).replace(/\\(n|t|x0c|x22)/g, (_, one) => READ[one]);
let around = html.map((_, at) => `<iframe src="/${at}"></iframe>`).join("");
const other = createServer((request, answer) => {
  const at = request.url.slice(1);
  answer.setHeader("content-type", "text/html; charset=utf-8");
  answer.end(at === "" ? around : at in html ? naked(at) : "");
});
await new Promise((take) => other.listen(0, "127.0.0.1", take));
const elsewhere = `http://127.0.0.1:${other.address().port}`;
const caught = new Set();
const openElsewhere = async (tab, seconds) => {
  await Promise.race([tab.open(`${elsewhere}/`), new Promise((take) => setTimeout(take, seconds * 1000))]);
  await browser.ask("Target.closeTarget", { targetId: tab.targetId });
};
const control = trapped(caught, { policy: true, home: [elsewhere] }).then((tab) => openElsewhere(tab, 20));

// Then all there is, each page as a reader opens it, from the first page on.
const faults = new Set();
browser.heard((method, params) => {
  if (method === "Target.targetCreated" && params.targetInfo.openerId) faults.add(`opened ${params.targetInfo.url}`);
});
const seen = new Set(), left = [];
const found = (path) => { if (!seen.has(path)) { seen.add(path); left.push(path); } };
["/", "/search?q=script", "/hostile/search?q=TRAP", "/hostile/search?q=%22%3E%3Cscript%3ETRAP%3C/script%3E",
  "/hostile/search?q=onerror&order=date", "/search?q=from:mallory+-x%22%3E%3Cimg+src=x+onerror=TRAP%3E",
  "/%22%3E%3Cscript%3ETRAP%3C/script%3E/", "/hostile/by/%22%3E%3Cscript%3ETRAP%3C/script%3E/",
  "/in/?next=javascript:TRAP", "/hostile/?lang=%22%3E%3Cscript%3ETRAP%3C/script%3E"].forEach(found);
const POST = /\/m\/[^/]+\/(\?c=\w+)?$/;
const files = new Set(), originals = new Set();
let pages = 0, postPages = 0;
const reader = async (policy) => {
  const tab = await trapped(faults, { policy, home: [origin] });
  for (let path = left.shift(); path !== undefined; path = left.shift()) {
    tab.at = path;
    if (/\/a\/\d+\//.test(path)) files.add(path);
    if (!(await tab.open(origin + path))) continue;
    const here = await tab.see("location.href");
    if (!here.startsWith(origin)) faults.add(`${path} leads to ${here}`);
    const { wrong, links, kind } = await tab.see(LOOK);
    pages += 1;
    if (kind !== "text/html") continue;
    if (POST.test(path)) postPages += 1;
    for (const one of wrong) faults.add(`${path}: ${one}`);
    for (const link of links) {
      if (!/\/in\/$/.test(link) && !/[?&]lang=/.test(link)) found(link);
      const original = link.replace(/(\?|$)/, "raw$1");
      if (POST.test(link) && originals.add(original).size % OPENED_OF_ORIGINALS === 0) found(original);
    }
    if (seen.size > ADDRESSES_MAX) { faults.add(`no end of addresses: ${path}`); break; }
  }
};
await Promise.all([reader(false), reader(false)]);
await control;
const fired = new Set([...caught].filter((one) => one.startsWith("ran: ")).map((one) => one.split(" at ")[1])).size;
// Originals are text for every browser, and nothing in them can become more.
for (const path of originals) {
  const { headers } = await fetch(origin + path);
  const told = ["content-type", "x-content-type-options", "content-security-policy"].map((name) => headers.get(name)).join("; ");
  if (!/^text\/plain; charset=[a-z0-9-]+; nosniff; sandbox; default-src 'none'/i.test(told)) faults.add(`${path}: ${told}`);
}
// With our policy in force nothing may even try.
left.push(...[...seen].filter((path) => /\/t\/[^/]+\/(\?flat)?$|\/search|\/\d+\/$/.test(path)));
await reader(true);
// And no page elsewhere can use what is kept here as a script, a style, a frame or a picture of its own.
around = [...files].map((path) => path.replaceAll("&", "&amp;")).map((path) => `<script src="${origin}${path}"></script>`
  + `<link rel=stylesheet href="${origin}${path}"><iframe src="${origin}${path}"></iframe><embed src="${origin}${path}">`).join("");
await openElsewhere(await trapped(faults, { policy: true, home: [origin, elsewhere] }), 15);
const { cookies } = await browser.ask("Storage.getCookies");
for (const cookie of cookies) faults.add(`cookie ${cookie.name}`);
await browser.close();
other.close();
if (fired < FIRED_MIN) faults.add(`the traps caught only ${fired} vectors that nothing was done about`);
if (postPages < Number(posts)) faults.add(`${postPages} pages of posts were opened, of ${posts}`);
const all = [...faults];
for (const fault of all.slice(0, 60)) console.log(fault);
console.log(`${fired} vectors fire where nothing is done; here ${pages} pages were opened, ${postPages} of them posts, ${files.size} attachments, ${originals.size} originals: ${all.length} faults`);
process.exit(all.length === 0 ? 0 : 1);
