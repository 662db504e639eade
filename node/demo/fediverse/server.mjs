// One fediverse server: reads what it is to be from its first line, then acts, a JSON line each, until its input ends.
//
//     {"origin", "port", "packages", "names": [host...], "users": [{"name", "display", "locked", "keyBits"}...],
//      "firstKnock": "rfc9421" | "cavage", "authorizedFetch": bool, "tls": {"cert", "key"} | null}
//     {"id": 1, "act": "follow", "args": {"user": "mia", "whom": "@shop@shop.example"}}
//  -> {"id": 1, "answer": {...}}  or  {"id": 1, "error": "..."}

import { createInterface } from "node:readline";

import { openActs } from "./acts.mjs";
import { openBooks } from "./books.mjs";
import { federate, INSTANCE } from "./federation.mjs";
import { nameThisMachine } from "./names.mjs";
import { openPackages } from "./packages.mjs";
import { userPage } from "./pages.mjs";
import { listenToFetch, serve } from "./web.mjs";

const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const settings = JSON.parse((await lines.next()).value);
nameThisMachine(settings.names);
const packages = openPackages(settings.packages);
const books = openBooks(settings.users);
listenToFetch(books.wire);
const federation = federate(packages, settings, books);
const acts = openActs(federation, packages, settings, books);

await serve(settings, books.wire, (request) =>
  federation.fetch(request, {
    contextData: undefined,
    onNotFound: async () => plainAnswer(request),
    onNotAcceptable: async () => plainAnswer(request),
  }),
);
// made now: whoever asks for them waits for no more than a few seconds
const context = federation.createContext(new URL(settings.origin), undefined);
await Promise.all([INSTANCE, ...books.users.keys()].map((name) => context.getActorKeyPairs(name)));
say({ id: 0, answer: { origin: settings.origin } });

for await (const line of lines) {
  const { id, act, args } = JSON.parse(line);
  perform(act, args).then(
    (answer) => say({ id, answer }),
    (error) => {
      console.error(error);
      say({ id, error: [error.stack ?? error, error.cause ?? ""].join(" ") });
    },
  );
}
process.exit(0);

async function perform(act, args) {
  if (!Object.hasOwn(acts, act)) throw new Error(`no such act: ${act}`);
  return await acts[act](args);
}

function plainAnswer(request) {
  const path = new URL(request.url).pathname.replace("/users/", "/@");
  if (path === "/picture.png") return new Response(PICTURE, { headers: { "content-type": "image/png" } });
  const page = userPage(books, settings.origin, path);
  return page === null
    ? new Response("Not found", { status: 404 })
    : new Response(page, { headers: { "content-type": "text/html; charset=utf-8" } });
}
