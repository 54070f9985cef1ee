// What the shop's owner changes without a deployment.

import { ConfigStore } from "fastly:config-store";

export function settings() {
  const store = new ConfigStore("settings");
  return {
    currency: store.get("currency") ?? "EUR",
    banner: store.get("banner") ?? "",
    maintenance: store.get("maintenance") === "true",
  };
}
