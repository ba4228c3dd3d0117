// What aws-ses-v2-local took (GET /store), held against the rows: ses_store.mjs URL ROWS.json
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const [base, file] = process.argv.slice(2);
const rows = JSON.parse(readFileSync(file, 'utf8'));
const { emails } = await (await fetch(`${base}/store`)).json();
const bare = (...mailboxes) => mailboxes.join().match(/[^\s<>,"]+@[^\s<>,"]+/g) ?? [];
const lines = (text) => (text ?? '').replace(/\r\n?/g, '\n').replace(/\n*$/, '');
// Encoded words, as the server keeps them in a plain mail.
const decoded = (text) =>
  text.replace(/\?=\s+=\?/g, '?==?').replace(/=\?utf-8\?(q|b)\?(.*?)\?=/gi, (_, how, what) =>
    how.toLowerCase() === 'b'
      ? Buffer.from(what, 'base64').toString()
      : decodeURIComponent(what.replace(/_/g, ' ').replace(/%/g, '%25').replace(/=(..)/g, '%$1')));

assert.equal(emails.length, rows.length);
assert.equal(new Set(emails.map((e) => e.messageId)).size, rows.length);
let raw = 0;
for (const row of rows) {
  const mail = emails.find((e) => e.messageId === row.provider_message_id);
  assert.ok(mail, `nothing was taken as ${row.provider_message_id}`);
  const at = `${row.id} ${row.subject}`;
  assert.deepEqual(bare(mail.from), bare(row.from_email ?? process.env.POSTROOM_FROM), at);
  assert.deepEqual(bare(...mail.destination.to), bare(row.to_email), at);
  assert.deepEqual(bare(...mail.destination.cc), bare(...(row.cc ?? [])), at);
  // of a raw one the server looks at the headers alone
  const hidden = row.headers || row.attachments ? [] : bare(...(row.bcc ?? []));
  assert.deepEqual(bare(...mail.destination.bcc), hidden, at);
  assert.deepEqual(bare(...mail.replyTo), bare(...(row.reply_to ?? [])), at);
  assert.equal(decoded(mail.subject), row.subject, at);
  const shown = row.html?.replace('cid:logo', 'data:image/png;base64,aGk='); // it found the file
  if (shown?.trim()) assert.equal(lines(mail.body.html), lines(shown), at);
  if (row.text?.trim()) assert.equal(lines(mail.body.text), lines(row.text), at);
  const files = (row.attachments ?? []).map((f) => [f.filename, Buffer.from(f.content, 'base64').toString('base64')]);
  assert.deepEqual((mail.attachments ?? []).map((f) => [f.filename, f.content]).sort(), files.sort(), at);
  raw += files.length > 0;
}
console.log(`${rows.length} mails, ${raw} with files`);
