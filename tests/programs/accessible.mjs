// Opens pages in headless Chromium and looks at each as readers do: axe-core
// (WCAG 2.2 A and AA), in light, dark and forced colours, 1280 and 360 pixels wide, at 200 % zoom,
// by keyboard alone, without script, and printed.
//
//   node accessible.mjs AXE.js PICTURES|- ORIGIN NAME=PATH[#COOKIE]...
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "./chromium.mjs";

const [axeFile, pictures, origin, ...wanted] = process.argv.slice(2);
const axe = readFileSync(axeFile, "utf8");
const browser = await chromium();
const { ask: tab, heard, see, open: openAddress } = await browser.tab();
const open = (path) => openAddress(origin + path);

// Everything the browser asks for: nobody but this host may be among it.
const elsewhere = new Set();
heard((method, params) => {
  if (method === "Network.requestWillBeSent" && !params.request.url.startsWith(origin)
    && !params.request.url.startsWith("data:")) elsewhere.add(params.request.url);
});

const size = (width, height = 900) =>
  tab("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
const colours = (scheme, forced = "none") => tab("Emulation.setEmulatedMedia", {
  features: [{ name: "prefers-color-scheme", value: scheme }, { name: "forced-colors", value: forced }],
});

const RULES = JSON.stringify({
  resultTypes: ["violations"],
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
});
const faults = [];
let looked = 0;
const check = async (name, view) => {
  await see(axe);
  const { violations } = await see(`axe.run(document, ${RULES})`);
  looked += 1;
  for (const found of violations) {
    const where = found.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ");
    faults.push(`${name}, ${view}: ${found.id}: ${found.help}: ${where}`);
  }
};
const fits = async (name, view) => {
  const [width, room] = await see("[document.scrollingElement.scrollWidth, innerWidth]");
  if (width > room) faults.push(`${name}, ${view}: ${width} pixels wide in ${room}`);
};

/// Tab goes to everything one can do, in the order it is read, and each shows that it is there.
const keyboard = async (name) => {
  const all = await see(`(() => {
    const can = "a[href], button, input:not([type=hidden]), summary, pre[tabindex]";
    window.stops = [...document.querySelectorAll(can)].filter((one) => one.checkVisibility());
    return window.stops.length;
  })()`);
  await see("document.activeElement.blur(), scrollTo(0, 0)");
  for (let at = 0; at < Math.min(all, 60); at += 1) {
    for (const type of ["keyDown", "keyUp"]) {
      await tab("Input.dispatchKeyEvent", { type, key: "Tab", code: "Tab", windowsVirtualKeyCode: 9 });
    }
    const [index, outline] = await see(`(() => {
      const here = document.activeElement, style = getComputedStyle(here);
      return [window.stops.indexOf(here), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
    })()`);
    if (index !== at) { faults.push(`${name}, keyboard: stop ${at} of ${all} is number ${index}`); break; }
    if (!outline) { faults.push(`${name}, keyboard: stop ${at} does not show where one is`); break; }
  }
};

/// As it is seen, small enough to be kept beside the documentation; some also at night and on a telephone.
const pictured = async (name) => {
  const views = [["", "light", 900, 1000]];
  if (ALSO_PICTURED.includes(name)) views.push(["-dark", "dark", 900, 1000], ["-phone", "light", 360, 780]);
  for (const [view, scheme, width, height] of views) {
    await size(width, height);
    await colours(scheme);
    await see("document.activeElement.blur(), scrollTo(0, 0)");
    const { data } = await tab("Page.captureScreenshot", { format: "webp", quality: 60, optimizeForSpeed: false });
    writeFileSync(join(pictures, `${name}${view}.webp`), Buffer.from(data, "base64"));
  }
  await colours("light");
};
const ALSO_PICTURED = ["home", "list", "conversation", "search"];

for (const one of wanted) {
  const [, name, path, cookie] = one.match(/^([^=]+)=([^#]*)(?:#(.*))?$/);
  await tab("Network.clearBrowserCookies");
  if (cookie) await tab("Network.setCookie", { name: "parvis", value: cookie, url: origin });
  await colours("light");
  await size(1280);
  await open(path);
  await check(name, "light");
  await keyboard(name);
  await colours("dark");
  await check(name, "dark");
  await colours("light", "active");
  await check(name, "forced colours");
  await colours("light");
  await size(640);
  await check(name, "200 %");
  await fits(name, "200 %");
  await size(360, 780);
  await fits(name, "360 pixels");
  await check(name, "360 pixels");
  // WCAG 1.4.10 asks for 320.
  await size(320, 700);
  await fits(name, "320 pixels");
  if (pictures !== "-") await pictured(name);
  const { data } = await tab("Page.printToPDF", { preferCSSPageSize: true });
  if (Buffer.from(data, "base64").length < 2_000) faults.push(`${name}, printed: nothing`);
  await size(1280);
  const words = await see("document.querySelector('main').innerText");
  await tab("Emulation.setScriptExecutionDisabled", { value: true });
  await open(path);
  await tab("Emulation.setScriptExecutionDisabled", { value: false });
  if (words !== await see("document.querySelector('main').innerText")) faults.push(`${name}: other words without script`);
}
await browser.close();
for (const url of elsewhere) faults.push(`asked for ${url}`);
for (const fault of faults) console.log(fault);
console.log(`${wanted.length} pages, ${looked} looks, ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
