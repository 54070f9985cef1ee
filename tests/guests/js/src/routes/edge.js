// The firewall, shields and the Image Optimizer.

import { Format, optionsToQueryString, Region } from "fastly:image-optimizer";
import { inspect as ask } from "fastly:security";
import { Shield } from "fastly:shielding";
import { ok } from "../support.js";

/** `?ip=` is whom to inspect instead of the client. */
function inspect(event, url) {
  const config = { corp: url.searchParams.get("corp") ?? "corp", workspace: "workspace" };
  const ip = url.searchParams.get("ip");
  const answer = ask(event.request, ip ? { ...config, overrideClientIp: ip } : config);
  return ok(
    `verdict: ${answer.verdict}\nstatus: ${answer.waf_response}\ntags: ${answer.tags.join(" ")}\n` +
      `redirect: ${answer.redirect_url}\ntook: ${answer.decision_ms} ms`,
  );
}

/** `?name=` is the shield, `&plain` sends without TLS. */
async function shield(event, url) {
  const name = url.searchParams.get("name") ?? "there-xx";
  const site = new Shield(name);
  if (site.runningOn()) return ok(`${name} is here`);
  const backend = url.searchParams.has("plain")
    ? site.unencryptedBackend()
    : site.encryptedBackend({ firstByteTimeout: 500 });
  const response = await fetch("http://shop.example/page", { backend });
  return ok(`${name} is elsewhere\n${response.status}: ${await response.text()}`);
}

async function image(event, url) {
  const imageOptimizerOptions = {
    region: Region.EuWest,
    format: Format.WEBP,
    width: "12.5%",
    bgColor: { r: 1, g: 2, b: 3, a: 0.5 },
    crop: { size: { ratio: { width: 16, height: 9 } }, position: { x: 10, offsetY: 20 }, mode: "smart" },
    trimColor: { color: "ff0000", threshold: 0.5 },
    resizeFilter: "lanczos",
  };
  const response = await fetch("http://images.example/cat.png?v=1", { backend: "origin", imageOptimizerOptions });
  return ok(`${optionsToQueryString(imageOptimizerOptions)}\n${response.status}: ${await response.text()}`);
}

export const routes = { image, inspect, shield };
