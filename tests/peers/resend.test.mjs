// The official client of Resend against `postroom sandbox`: what it sends is understood, and what it
// reads is what it would have read from Resend. POSTROOM names the binary.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Resend } from 'resend';

process.env.NODE_ENV = 'production'; // or the client prints every refusal

// A sandbox for one test, and a client that finds it by RESEND_BASE_URL.
async function sandbox(t, ...args) {
  const child = spawn(process.env.POSTROOM, ['sandbox', '--listen', '127.0.0.1:0', ...args]);
  t.after(async () => {
    child.kill('SIGTERM');
    const [code] = await once(child, 'exit');
    assert.equal(code, 0);
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  process.env.RESEND_BASE_URL = line.match(/http:\/\/[^ ]+/)[0];
  return new Resend('re_test');
}

const base = process.env;
const mail = (more = {}) => ({
  from: 'Acme <hello@acme.dev>',
  to: ['ada@mail.dev'],
  subject: 'Héllo',
  html: '<p>Hi</p>',
  ...more,
});
const get = async (path) => (await fetch(base.RESEND_BASE_URL + path)).json();
const key = () => `key/${Math.random()}`;

test('a single mail with everything', async (t) => {
  const resend = await sandbox(t);
  const { data, error, headers } = await resend.emails.send(
    mail({
      cc: 'c@mail.dev',
      bcc: ['d@mail.dev'],
      replyTo: 'r@acme.dev',
      text: 'Hi',
      headers: { 'X-Entity-Ref-ID': '1' },
      tags: [{ name: 'postroom_id', value: 'a-1' }],
      attachments: [
        { filename: 'a.txt', content: Buffer.from('hello') },
        { filename: 'i.png', content: 'aGk=', contentType: 'image/png', contentId: 'i' },
      ],
    }),
  );
  assert.equal(error, null);
  assert.match(data.id, /^[0-9a-f-]{36}$/);
  assert.equal(headers['ratelimit-limit'], '10');
  assert.equal(headers['ratelimit-remaining'], '9');
  assert.equal(headers['x-resend-daily-quota'], '3');
  assert.equal(headers['x-resend-monthly-quota'], '3');

  const kept = (await resend.emails.get(data.id)).data;
  assert.equal(kept.object, 'email');
  assert.equal(kept.id, data.id);
  assert.deepEqual(kept.to, ['ada@mail.dev']);
  assert.deepEqual(kept.cc, ['c@mail.dev']);
  assert.deepEqual(kept.bcc, ['d@mail.dev']);
  assert.deepEqual(kept.reply_to, ['r@acme.dev']);
  assert.equal(kept.from, 'Acme <hello@acme.dev>');
  assert.equal(kept.subject, 'Héllo');
  assert.equal(kept.html, '<p>Hi</p>');
  assert.equal(kept.text, 'Hi');
  assert.equal(kept.last_event, 'delivered');
  assert.deepEqual(kept.tags, [{ name: 'postroom_id', value: 'a-1' }]);
  assert.equal(kept.attachments.length, 2);
  assert.equal((await resend.emails.get('4ef9a417-02e9-4d39-ad75-9611e0fcc33c')).error.name, 'not_found');
});

test('a list in pages', async (t) => {
  const resend = await sandbox(t);
  for (const subject of ['one', 'two', 'three']) await resend.emails.send(mail({ subject }));
  const all = (await resend.emails.list()).data;
  assert.equal(all.object, 'list');
  assert.equal(all.has_more, false);
  assert.deepEqual(all.data.map((m) => m.subject), ['three', 'two', 'one']);
  const first = (await resend.emails.list({ limit: 2 })).data;
  assert.equal(first.has_more, true);
  assert.equal(first.data.length, 2);
  const rest = (await resend.emails.list({ limit: 2, after: first.data[1].id })).data;
  assert.equal(rest.has_more, false);
  assert.deepEqual(rest.data.map((m) => m.subject), ['one']);
});

test('a strict batch is all or nothing', async (t) => {
  const resend = await sandbox(t);
  const good = await resend.batch.send([mail({ subject: '0' }), mail({ subject: '1' })]);
  assert.equal(good.error, null);
  assert.equal(good.data.data.length, 2);
  assert.equal(good.data.errors, undefined);
  assert.equal((await resend.emails.get(good.data.data[1].id)).data.subject, '1');

  const bad = await resend.batch.send([mail(), mail({ to: 'nobody' })]);
  assert.equal(bad.data, null);
  assert.equal(bad.error.statusCode, 422);
  assert.equal(bad.error.name, 'validation_error');
  assert.equal((await get('/sandbox')).accepted, 2);
});

test('a permissive batch takes the valid ones and names the others', async (t) => {
  const resend = await sandbox(t);
  const { data, error } = await resend.batch.send(
    [mail({ subject: '0' }), mail({ to: 'x' }), mail({ subject: '2' }), mail({ subject: undefined })],
    { batchValidation: 'permissive' },
  );
  assert.equal(error, null);
  assert.deepEqual(data.errors.map((e) => e.index), [1, 3]);
  assert.match(data.errors[0].message, /Invalid `to` field/);
  assert.match(data.errors[1].message, /Missing `subject` field/);
  const subjects = [];
  for (const { id } of data.data) subjects.push((await resend.emails.get(id)).data.subject);
  assert.deepEqual(subjects, ['0', '2']);

  const fine = await resend.batch.send([mail()], { batchValidation: 'permissive' });
  assert.deepEqual(fine.data.errors, []);
});

test('batches have a limit and no attachments', async (t) => {
  const resend = await sandbox(t);
  const most = await resend.batch.send(Array.from({ length: 100 }, () => mail()));
  assert.equal(most.data.data.length, 100);
  const more = await resend.batch.send(Array.from({ length: 101 }, () => mail()));
  assert.equal(more.error.statusCode, 422);
  const attached = mail({ attachments: [{ filename: 'a', content: 'aGk=' }] });
  assert.equal((await resend.batch.send([attached])).error.name, 'invalid_attachment');
});

test('an idempotency key is answered again, not sent again', async (t) => {
  const resend = await sandbox(t);
  const one = { idempotencyKey: key() }, many = { idempotencyKey: key() };
  const first = await resend.emails.send(mail(), one);
  const second = await resend.emails.send(mail(), one);
  assert.deepEqual(second.data, first.data);
  const batch = [mail(), mail({ to: 'x' })];
  const permissive = { ...many, batchValidation: 'permissive' };
  const third = await resend.batch.send(batch, permissive);
  const fourth = await resend.batch.send(batch, permissive);
  assert.deepEqual(fourth.data, third.data);
  assert.equal(fourth.data.errors.length, 1);
  assert.equal((await get('/sandbox')).accepted, 2);
  assert.equal((await get('/sandbox')).replayed, 2);
});

test('an idempotency key with another payload is refused', async (t) => {
  const resend = await sandbox(t);
  const options = { idempotencyKey: key() };
  await resend.emails.send(mail(), options);
  const { error } = await resend.emails.send(mail({ subject: 'other' }), options);
  assert.equal(error.statusCode, 409);
  assert.equal(error.name, 'invalid_idempotent_request');
});

test('an idempotency key in flight is refused', async (t) => {
  const resend = await sandbox(t, '--latency', '1000');
  const options = { idempotencyKey: key() };
  const first = resend.emails.send(mail(), options);
  while ((await get('/sandbox')).requests < 1) await new Promise((r) => setTimeout(r, 10));
  const second = await resend.emails.send(mail(), options);
  assert.equal(second.error.statusCode, 409);
  assert.equal(second.error.name, 'concurrent_idempotent_requests');
  const { data } = await first;
  assert.deepEqual((await resend.emails.send(mail(), options)).data, data);
});

test('an idempotency key of bad length is refused', async (t) => {
  const resend = await sandbox(t);
  const longest = await resend.emails.send(mail(), { idempotencyKey: 'k'.repeat(256) });
  assert.equal(longest.error, null);
  const { error } = await resend.emails.send(mail(), { idempotencyKey: 'k'.repeat(257) });
  assert.equal(error.statusCode, 400);
  assert.equal(error.name, 'invalid_idempotency_key');
});

test('a refused request leaves its key free', async (t) => {
  const resend = await sandbox(t);
  const options = { idempotencyKey: key() };
  assert.equal((await resend.emails.send(mail({ to: 'x' }), options)).error.statusCode, 422);
  assert.equal((await resend.emails.send(mail(), options)).error, null);
});

test('validation errors', async (t) => {
  const resend = await sandbox(t, '--rate', '100');
  const cases = [
    [{ to: undefined }, 'missing_required_field', /`to`/],
    [{ from: undefined }, 'missing_required_field', /`from`/],
    [{ subject: undefined }, 'missing_required_field', /`subject`/],
    [{ html: undefined }, 'validation_error', /`html` or `text`/],
    [{ from: 'acme' }, 'invalid_from_address', /`from`/],
    [{ to: 'nobody' }, 'validation_error', /`to`/],
    [{ to: 'someone@example.com' }, 'validation_error', /example\.com/],
    [{ to: 'someone@test.com' }, 'validation_error', /testing email address/],
    [{ cc: ['x'] }, 'validation_error', /`cc`/],
    [{ tags: [{ name: 'a b', value: 'c' }] }, 'validation_error', /Tags/],
    [{ attachments: [{ filename: 'a' }] }, 'invalid_attachment', /`content`/],
  ];
  for (const [change, name, message] of cases) {
    const { data, error } = await resend.emails.send(mail(change));
    assert.equal(data, null);
    assert.equal(error.statusCode, 422);
    assert.equal(error.name, name);
    assert.match(error.message, message);
  }
  assert.equal((await get('/sandbox')).accepted, 0);
});

test('past the rate it says when to come again', async (t) => {
  const resend = await sandbox(t, '--rate', '2');
  const answers = await Promise.all(Array.from({ length: 5 }, () => resend.emails.send(mail())));
  const refused = answers.filter((a) => a.error);
  assert.equal(refused.length, 3);
  for (const { error, headers } of refused) {
    assert.equal(error.statusCode, 429);
    assert.equal(error.name, 'rate_limit_exceeded');
    assert.equal(headers['retry-after'], '1');
    assert.equal(headers['ratelimit-limit'], '2');
    assert.equal(headers['ratelimit-remaining'], '0');
  }
  await new Promise((r) => setTimeout(r, 1000 * Number(refused[0].headers['retry-after'])));
  assert.equal((await resend.emails.send(mail())).error, null);
});

test('test addresses', async (t) => {
  const resend = await sandbox(t);
  for (const event of ['delivered', 'bounced', 'complained', 'suppressed']) {
    const sent = await resend.emails.send(mail({ to: `${event}+label@resend.dev` }));
    assert.equal((await resend.emails.get(sent.data.id)).data.last_event, event);
  }
});

test('keys of accounts in trouble', async (t) => {
  await sandbox(t);
  const cases = [
    ['sk_wrong', 403, 'invalid_api_key'],
    ['re_revoked_1', 403, 'invalid_api_key'],
    ['re_restricted_1', 401, 'restricted_api_key'],
    ['re_unverified_1', 403, 'validation_error'],
    ['re_daily_1', 429, 'daily_quota_exceeded'],
    ['re_monthly_1', 429, 'monthly_quota_exceeded'],
  ];
  for (const [apiKey, status, name] of cases) {
    const { error } = await new Resend(apiKey).emails.send(mail());
    assert.equal(error.statusCode, status);
    assert.equal(error.name, name);
  }
});

// Without the client, which always sends these headers.
test('what the client cannot get wrong', async (t) => {
  await sandbox(t);
  const post = async (path, body, headers) => {
    const all = { 'user-agent': 'test', authorization: 'Bearer re_test', ...headers };
    const answer = await fetch(base.RESEND_BASE_URL + path, { method: 'POST', body, headers: all });
    const text = await answer.text();
    return [answer.status, text.startsWith('{') ? JSON.parse(text).name : text, answer.headers];
  };
  const body = JSON.stringify(mail());
  assert.deepEqual((await post('/emails', body, { authorization: '' })).slice(0, 2), [401, 'missing_api_key']);
  assert.deepEqual((await post('/emails', body, { 'user-agent': '' })).slice(0, 2), [403, 'error code: 1010']);
  assert.deepEqual((await post('/emails', '{"to"')).slice(0, 2), [400, 'validation_error']);
  assert.deepEqual((await post('/nothing', body)).slice(0, 2), [404, 'not_found']);
  const [status, name, headers] = await post('/sandbox', body);
  assert.deepEqual([status, name, headers.get('allow')], [405, 'method_not_allowed', 'GET']);
  assert.deepEqual((await post('/emails', body, { 'idempotency-key': '' })).slice(0, 2), [400, 'invalid_idempotency_key']);
  assert.deepEqual((await post('/emails/batch', '{}')).slice(0, 2), [422, 'validation_error']);
  assert.deepEqual((await post('/emails/batch', '[]')).slice(0, 2), [422, 'validation_error']);
});

test('failures come in turn: refused before, lost after it was accepted', async (t) => {
  const resend = await sandbox(t, '--fail', '100');
  const options = { idempotencyKey: key() };
  const before = await resend.emails.send(mail(), options);
  assert.equal(before.error.statusCode, 500);
  assert.equal(before.error.name, 'application_error');
  assert.equal((await get('/sandbox')).accepted, 0);
  const lost = await resend.emails.send(mail(), options);
  assert.equal(lost.error.statusCode, null);
  assert.equal((await get('/sandbox')).accepted, 1);
});

test('lost answers are found again under their keys', async (t) => {
  const resend = await sandbox(t, '--fail', '50', '--rate', '1000');
  for (let i = 0; i < 20; i++) {
    const options = { idempotencyKey: key() };
    let answer;
    do answer = await resend.emails.send(mail({ subject: `${i}` }), options);
    while (answer.error);
  }
  assert.equal((await get('/sandbox')).accepted, 20);
});
