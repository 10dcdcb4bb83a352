#!/usr/bin/env node
/**
 * The launcher: plain JavaScript for whatever Node is on the machine. It finds the Node 26 that came with the packages
 * and gives it the program, which is TypeScript run as it is. Works through a symlink and from any folder.
 */
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

// onnxruntime reports to its vendor unless told not to. Set here for every process that follows; what is started
// without the launcher sets it itself, before it loads the library (models/runtime/quiet.ts).
process.env.ORT_DISABLE_TELEMETRY = '1';

/** First release that runs TypeScript without a flag or a warning and has all that we use. */
const leastMajor = 24;

const here = dirname(realpathSync(fileURLToPath(import.meta.url)));
const main = join(here, 'main.ts');

if (main.includes('/node_modules/')) {
  quit(
    `Node strips no types under node_modules, and this is ${here}`,
    'Unpack a release into a folder of its own, or run from a checkout.',
  );
}

const bundled = bundledNode();
if (bundled === realpathSync(process.execPath) || (bundled === null && runsTypes())) {
  // process.argv[1] is the script, as main.ts expects.
  await import(pathToFileURL(main).href);
} else if (bundled === null) {
  quit(
    `no Node for ${process.platform}-${process.arch} came with this, and ${process.version} runs no TypeScript`,
    'Run "npm ci" (without --omit=optional), or start it with Node 26.',
  );
} else {
  start(bundled, [main, ...process.argv.slice(2)]);
}

/** The binary of the optional package for this machine; null where it was not installed. */
function bundledNode() {
  const name = `node-${process.platform}-${process.arch}`;
  try {
    const manifest = createRequire(join(here, 'main.ts')).resolve(`${name}/package.json`);
    return realpathSync(join(dirname(manifest), 'bin', 'node'));
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND' || error.code === 'ENOENT') return null;
    throw error;
  }
}

function runsTypes() {
  return Number(process.versions.node.split('.')[0]) >= leastMajor && Boolean(process.features.typescript);
}

function start(node, args) {
  // Becoming the other process leaves nothing between it and its signals; older Nodes cannot.
  if (typeof process.execve === 'function') {
    process.removeAllListeners('warning');
    process.execve(node, [node, ...args], process.env);
  }
  // The channel is the child's lifeline: the kernel closes it with us, however we end, and the child stops.
  const child = spawn(node, args, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => quit(`cannot start ${node}: ${error.message}`, 'Run "npm ci" again.'));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    // Die of what the child died of, so that whoever started us sees it.
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function quit(problem, action) {
  process.stderr.write(`error launcher: ${problem}\nwhat to do: ${action}\n`);
  process.exit(1);
}
