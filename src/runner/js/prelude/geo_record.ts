// SPDX-License-Identifier: Apache-2.0

/** Fastly's records have all of it, and SDKs take one that has not for none. */
const NOWHERE = {
  as_name: "", as_number: 0, area_code: 0, city: "", conn_speed: "?", conn_type: "?", continent: "?", country_code: "",
  country_code3: "", country_name: "", latitude: 0, longitude: 0, metro_code: 0, postal_code: "", proxy_description: "?",
  proxy_type: "?", region: "", utc_offset: 0,
};

/** The record, with what it leaves out. */
export function geoRecord(record: object): Record<string, unknown> {
  return { ...NOWHERE, ...record };
}
