/** Bundles the page's script with what it needs of three.js: `npm ci && npm run build`. The same bytes every time. */

import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { build } from "esbuild";

const licence = await readFile("node_modules/three/LICENSE", "utf8");
const sources = (await readdir("source")).sort().map((name) => `source/${name}`);
const contents = await Promise.all([...sources, "build.mjs"].map((path) => readFile(path)));
const digest = createHash("sha256");
contents.forEach((content, row) => digest.update(row ? Buffer.concat([Buffer.from([0]), content]) : content));

await build({
  entryPoints: ["source/main.js"],
  outfile: "../bundle/page.js",
  bundle: true,
  minify: true,
  charset: "ascii",
  format: "iife",
  target: ["chrome111", "firefox132", "safari16.4"],
  legalComments: "none",
  banner: {
    js: `/*! Kinetrace report page, Apache-2.0; sources sha256 ${digest.digest("hex")}\n\nIt holds parts of three.js:\n\n${licence.replace("©", "(c)")}*/`,
  },
});
