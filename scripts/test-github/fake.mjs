// A GitHub on loopback: `emulate` keeps repositories, pull requests, comments and check runs; what it
// lacks is cured here and not in the product:
//   - artifacts cannot be seeded or downloaded, and workflows neither: served here;
//   - bots are users, check runs have no App, and the digest of an artifact is missing: put right in the answers;
//   - files of a pull request are made up: served here;
//   - check runs of a commit that only a fork has cannot be listed: kept here.
import { createHash } from 'node:crypto';
import { createServer, request as send } from 'node:http';
import { createRequire } from 'node:module';
import { createServer as freePort } from 'node:net';
import { createEmulator } from 'emulate';
import { BASE } from './runs.mjs';

const payloads = createRequire(import.meta.url)('@octokit/webhooks-examples');
const examples = payloads.default ?? payloads;
const COMPLETED = examples
  .find((event) => event.name === 'workflow_run')
  .examples.find((payload) => payload.action === 'completed');

export const BOT = 'github-actions[bot]';
export const WORKFLOW = 16340987;
const TOKENS = { bot: BOT, maintainer: 'acme', stranger: 'stranger' };

async function port() {
  const server = freePort();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const listen = (server) =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));

export class Fake {
  /** Every request of the product: method, path, whether it carried the token. */
  requests = [];
  /** Every request to the blob store. */
  blobs = [];
  /** Faults to inject: `{ on(request), after, status, headers, body, times }`. */
  faults = [];
  runs = new Map();
  artifacts = new Map();
  files = new Map();
  /** What a comparison with the base branch says of a commit: `[status, answer]`. */
  compared = new Map();
  /** How a commit stands to every other one: `behind`, `ahead` or `diverged`. */
  ancestors = new Map([[BASE, 'behind']]);
  checks = new Map();

  static async start() {
    const fake = new Fake();
    const inner = await port();
    const users = Object.values(TOKENS).map((login) => ({ login }));
    const tokens = Object.fromEntries(Object.entries(TOKENS).map(([token, login]) => [token, { login, scopes: ['repo', 'user'] }]));
    fake.inner = inner;
    fake.emulator = await createEmulator({
      service: 'github',
      port: inner,
      seed: {
        tokens,
        github: { users, repos: [{ owner: 'acme', name: 'engine' }] },
      },
    });
    fake.api = createServer((from, to) => fake.answer(from, to).catch((error) => to.writeHead(599).end(String(error))));
    fake.store = createServer((from, to) => fake.serveBlob(from, to));
    fake.url = `http://127.0.0.1:${await listen(fake.api)}`;
    fake.blob = `http://127.0.0.1:${await listen(fake.store)}`;
    fake.repository = await fake.ask('maintainer', 'GET', '/repos/acme/engine');
    for (const login of [BOT]) {
      await fake.ask('maintainer', 'PUT', `/repos/acme/engine/collaborators/${encodeURIComponent(login)}`, { permission: 'push' });
      const invitations = await fake.ask('bot', 'GET', '/user/repository_invitations').catch(() => []);
      for (const { id } of invitations) await fake.ask('bot', 'PATCH', `/user/repository_invitations/${id}`);
    }
    return fake;
  }

  async stop() {
    for (const server of [this.api, this.store]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
    await this.emulator.close();
  }

  /** Asks emulate directly: what people do on GitHub. */
  async ask(token, method, path, body) {
    const response = await fetch(`http://127.0.0.1:${this.inner}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  }

  /** Opens a pull request from a new branch of `from` (a login); returns what GitHub says of it. */
  async open(branch, from = 'acme') {
    const token = Object.keys(TOKENS).find((key) => TOKENS[key] === from);
    if (from !== 'acme') await this.ask(token, 'POST', '/repos/acme/engine/forks', {}).catch(() => {});
    await this.push(from, branch, `${branch}.txt`);
    return this.ask(token, 'POST', '/repos/acme/engine/pulls', {
      title: branch, head: `${from}:${branch}`, base: 'main',
    });
  }

  async push(owner, branch, file) {
    const token = Object.keys(TOKENS).find((key) => TOKENS[key] === owner);
    const path = `/repos/${owner}/engine`;
    const main = await this.ask(token, 'GET', `${path}/git/ref/heads/main`);
    await this.ask(token, 'POST', `${path}/git/refs`, { ref: `refs/heads/${branch}`, sha: main.object.sha }).catch(() => {});
    await this.ask(token, 'PUT', `${path}/contents/${file}`, {
      message: file, branch, content: Buffer.from(`${file}\n`).toString('base64'),
    });
  }

  pull(number) {
    return this.ask('maintainer', 'GET', `/repos/acme/engine/pulls/${number}`);
  }

  async comments(number) {
    const all = [];
    for (let page = 1; ; page += 1) {
      const some = await this.ask('maintainer', 'GET', `/repos/acme/engine/issues/${number}/comments?per_page=100&page=${page}`);
      all.push(...some);
      if (some.length < 100) return all;
    }
  }

  /** The check runs of a commit, as the product made them. */
  checksOf(sha) {
    return Promise.all((this.checks.get(sha) ?? []).map((id) => this.ask('bot', 'GET', `/repos/acme/engine/check-runs/${id}`)));
  }

  /** A measuring run for a pull request, with the event file GitHub would send. */
  measured(pull, { zip, change = () => {}, workflow = WORKFLOW, conclusion = 'success', run, attempt = 1, event = 'pull_request' } = {}) {
    const id = run ?? COMPLETED.workflow_run.id + this.runs.size;
    const payload = structuredClone(COMPLETED);
    Object.assign(payload.workflow_run, {
      id, run_attempt: attempt, workflow_id: workflow, event, status: 'completed', conclusion,
      head_branch: pull.head.ref, head_sha: pull.head.sha, pull_requests: [],
      repository: this.repository, head_repository: pull.head.repo,
    });
    payload.repository = this.repository;
    change(payload);
    this.runs.set(id, payload.workflow_run);
    const artifacts = zip ? [{ id: 1000 + id % 1000, name: `gate-runs-${attempt}`, zip, sha: pull.head.sha }] : [];
    this.artifacts.set(id, artifacts);
    return payload;
  }

  json(to, status, value, headers = {}) {
    to.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
  }

  async answer(from, to) {
    const chunks = [];
    for await (const chunk of from) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const url = new URL(from.url, this.url);
    const request = { method: from.method, path: url.pathname, token: from.headers.authorization ?? null, body };
    this.requests.push(request);
    const at = this.faults.findIndex((fault) => fault.on(request));
    const fault = at < 0 ? undefined : this.faults[at];
    if (fault && (fault.times = (fault.times ?? 1) - 1) < 1) this.faults.splice(at, 1);
    if (fault && !fault.after) return fault.reset ? from.socket.destroy() : to.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    const given = this.own(url, request);
    const reply = given ?? (await this.forward(from, body));
    this.cure(reply, request);
    if (fault) return fault.reset ? from.socket.destroy() : to.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    to.writeHead(reply.status, reply.headers).end(reply.body);
  }

  /** What emulate does not have. */
  own(url, { method }) {
    const reply = (value, status = 200) => ({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) });
    const at = (pattern) => url.pathname.match(new RegExp(`^/repos/acme/engine/${pattern}$`));
    let found;
    if (method !== 'GET') return undefined;
    if (at('actions/workflows/gate.yml')) return reply({ id: WORKFLOW, path: '.github/workflows/gate.yml' });
    if ((found = at('actions/runs/(\\d+)'))) {
      const run = this.runs.get(Number(found[1]));
      return run ? reply(run) : reply({ message: 'Not Found' }, 404);
    }
    if ((found = at('actions/runs/(\\d+)/artifacts'))) {
      const artifacts = (this.artifacts.get(Number(found[1])) ?? []).map(({ id, name, zip, sha, expired = false, digest }) => ({
        id, name, expired, size_in_bytes: zip.length,
        digest: digest ?? `sha256:${createHash('sha256').update(zip).digest('hex')}`,
        workflow_run: { id: Number(found[1]), head_sha: sha },
      }));
      return reply({ total_count: artifacts.length, artifacts });
    }
    if ((found = at('actions/artifacts/(\\d+)/zip'))) {
      return { status: 302, headers: { location: `${this.blob}/store/${found[1]}.zip?sig=a%2Fb` }, body: '' };
    }
    if ((found = at('compare/[^/]+\\.\\.\\.([0-9a-f]{40})')) && this.ancestors.has(found[1])) {
      return reply({ status: this.ancestors.get(found[1]), files: [] });
    }
    if ((found = at('compare/main\\.\\.\\.([0-9a-f]{40})'))) {
      const [status, answer] = this.compared.get(found[1]) ?? [200, { files: [{ filename: 'src/lib.rs' }] }];
      return reply(answer, status);
    }
    if ((found = at('pulls/(\\d+)/files'))) {
      const files = this.files.get(Number(found[1])) ?? ['src/lib.rs'];
      const page = Number(url.searchParams.get('page') ?? 1);
      const part = reply(files.slice((page - 1) * 100, page * 100).map((filename) => ({ filename })));
      if (page * 100 < files.length) part.headers.link = `<${this.url}${url.pathname}?page=${page + 1}>; rel="next"`;
      return part;
    }
    return undefined;
  }

  serveBlob(from, to) {
    this.blobs.push({ path: from.url, token: from.headers.authorization ?? null });
    if (this.blobFault) return this.blobFault(from, to);
    const id = Number(from.url.match(/\/store\/(\d+)\.zip/)?.[1]);
    const artifact = [...this.artifacts.values()].flat().find((artifact) => artifact.id === id);
    if (!artifact) return to.writeHead(404).end('<Error/>');
    return to.writeHead(200, { 'content-type': 'application/zip' }).end(artifact.zip);
  }

  forward(from, body) {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.inner, path: from.url, method: from.method, headers: { ...from.headers, host: `127.0.0.1:${this.inner}` } };
      const onward = send(options, async (reply) => {
        const chunks = [];
        for await (const chunk of reply) chunks.push(chunk);
        const { 'content-length': _, 'transfer-encoding': __, connection: ___, ...headers } = reply.headers;
        resolve({ status: reply.statusCode, headers, body: Buffer.concat(chunks).toString() });
      });
      onward.on('error', reject);
      onward.end(body);
    });
  }

  /** Puts answers of emulate right. */
  cure(reply, request) {
    const bots = (value) => {
      if (value && typeof value === 'object') {
        if (value.login?.endsWith?.('[bot]') && 'type' in value) value.type = 'Bot';
        if ('external_id' in value) value.app ??= { slug: 'github-actions' };
        Object.values(value).forEach(bots);
      }
      return value;
    };
    if (reply.headers['content-type']?.includes('json') && reply.body) {
      reply.body = JSON.stringify(bots(JSON.parse(reply.body)));
    }
    if (request.method === 'POST' && request.path.endsWith('/check-runs') && reply.status === 201) {
      const { id, head_sha: sha } = JSON.parse(reply.body);
      this.checks.set(sha, [...(this.checks.get(sha) ?? []), id]);
    }
    const listed = request.path.match(/commits\/([0-9a-f]{40})\/check-runs$/);
    if (listed && reply.status === 404) {
      reply.status = 200;
      reply.body = JSON.stringify({ total_count: 0, check_runs: this.forked?.get(listed[1]) ?? [] });
    }
  }
}
