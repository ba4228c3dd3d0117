// A server that answers as SES does and writes down each request as it came: one line of JSON in the file
// named. Mail is taken; of the account it tells all that is asked, of identities that there is none.
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const account = { SendQuota: { Max24HourSend: -1, MaxSendRate: 500, SentLast24Hours: 0 }, SendingEnabled: true, ProductionAccessEnabled: true };
const answers = {
  POST: () => [200, { MessageId: `0102-${process.hrtime.bigint()}` }],
  GET: (url) => (url.endsWith('/account') ? [200, account] : [404, { __type: 'NotFoundException', message: 'no' }]),
};

const server = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray()).toString('base64');
  appendFileSync(process.argv[2], `${JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body })}\n`);
  const [status, answer] = answers[request.method](request.url);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
