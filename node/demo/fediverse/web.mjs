// HTTP to the library's Request and back; what came in and what went out is written down as it was.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";

const MOST_BYTES = 1024 * 1024;
const MOST_KEPT = 2000;

/** Serve `answer(request)` at a port of 127.0.0.1 under `origin`, whatever a Host header claims. */
export function serve({ origin, port, tls }, wire, answer) {
  const listener = (incoming, outgoing) => {
    handle(incoming, outgoing, origin, wire, answer).catch((error) => {
      console.error(error);
      outgoing.writeHead(500).end();
    });
  };
  const server = tls
    ? createSecureServer({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }, listener)
    : createServer(listener);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

async function handle(incoming, outgoing, origin, wire, answer) {
  const body = await readBody(incoming);
  if (body === null) {
    outgoing.writeHead(413).end();
    return;
  }
  const headers = new Headers();
  for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
    headers.append(incoming.rawHeaders[i], incoming.rawHeaders[i + 1]);
  }
  const hasBody = !["GET", "HEAD"].includes(incoming.method);
  const request = new Request(new URL(incoming.url, origin), {
    method: incoming.method,
    headers,
    body: hasBody ? body : undefined,
  });
  const entry = noted(wire.received, incoming.method, request.url, headers, hasBody ? body : null);
  const response = await answer(request);
  entry.status = response.status;
  outgoing.writeHead(response.status, [...response.headers].flat());
  outgoing.end(Buffer.from(await response.arrayBuffer()));
}

async function readBody(incoming) {
  const parts = [];
  let size = 0;
  for await (const part of incoming) {
    size += part.length;
    if (size > MOST_BYTES) return null;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Write down what this process asks of others, by whichever of its parts. */
export function listenToFetch(wire) {
  const asks = globalThis.fetch;
  globalThis.fetch = async (input, options) => {
    const request = new Request(input, options);
    const body = request.body ? Buffer.from(await request.clone().arrayBuffer()) : null;
    const entry = noted(wire.sent, request.method, request.url, request.headers, body);
    try {
      const response = await asks(request);
      entry.status = response.status;
      return response;
    } catch (error) {
      entry.error = String(error.cause ?? error);
      throw error;
    }
  };
}

function noted(list, method, url, headers, body) {
  const entry = { method, url, signature: kindOf(headers), type: null, status: null, body: null };
  entry.type = headers.get("content-type");
  if (body !== null) entry.body = body.toString("utf8");
  list.push(entry);
  if (list.length > MOST_KEPT) list.shift();
  return entry;
}

function kindOf(headers) {
  if (headers.has("signature-input")) return "rfc9421";
  return headers.has("signature") ? "cavage" : null;
}
