// Names of this neighbourhood, and no others: nothing here ever asks the network where something is.

import dns from "node:dns";

export function nameThisMachine(names) {
  const known = new Set([...names, "127.0.0.1"]);
  dns.lookup = (name, options, callback) => {
    const answer = callback ?? options;
    const all = typeof options === "object" && options.all;
    if (!known.has(name)) {
      const error = new Error(`${name} is not in this neighbourhood`);
      error.code = "ENOTFOUND";
      process.nextTick(answer, error);
    } else if (all) {
      process.nextTick(answer, null, [{ address: "127.0.0.1", family: 4 }]);
    } else {
      process.nextTick(answer, null, "127.0.0.1", 4);
    }
  };
}
