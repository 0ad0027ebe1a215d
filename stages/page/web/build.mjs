/** Bundles the page's script with what it needs of three.js: `npm ci && npm run build`. The same bytes every time. */

import { readFile } from "node:fs/promises";
import { build } from "esbuild";

const licence = await readFile("node_modules/three/LICENSE", "utf8");

await build({
  entryPoints: ["source/main.js"],
  outfile: "../bundle/page.js",
  bundle: true,
  minify: true,
  charset: "ascii",
  format: "iife",
  target: ["chrome111", "firefox132", "safari16.4"],
  legalComments: "none",
  banner: { js: `/*! Kinetrace report page, Apache-2.0. It holds parts of three.js:\n\n${licence}*/` },
});
