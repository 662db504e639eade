// The library, from wherever it was installed: this server's own files lie elsewhere.

import { createRequire } from "node:module";
import { join } from "node:path";

/** The modules of the library that the others use. */
export function openPackages(folder) {
  const load = createRequire(join(folder, "package.json"));
  return {
    fedify: load("@fedify/fedify"),
    vocab: load("@fedify/vocab"),
    runtime: load("@fedify/vocab-runtime"),
    Temporal: load("@js-temporal/polyfill").Temporal,
  };
}
