/* Sample mail: one INSERT as an application would write it, that makes believable messages out of
 * their numbers: a small shop's orders, receipts, passwords and newsletters.
 *
 * Every 60th can only fail, for one of five reasons; its dedupe_key says so, so that the audit
 * knows. All addresses are in domains that exist nowhere. */
#include "demo/internal.h"

#include "base/str.h"

static const char statement[] =
    "WITH numbers AS (SELECT i, (i * 7919) %% 1009 AS r FROM generate_series(%d, %d) AS i),\n"
    "people AS (SELECT i, r,\n"
    "  (ARRAY['Ada','Björn','Chiara','Dmitri','Elif','Femi','Grace','Hana','Ivo','Jun','Kofi',"
    "'Lena','Mateo','Noor','Oskar','Priya','Quentin','Rosa','Søren','Tomás'])[1 + r %% 20] AS "
    "first,\n"
    "  (ARRAY['Almeida','Berg','Castellani','Dubois','Eriksen','Fontaine','García','Haddad',"
    "'Iversen','Jansen','Kowalska','Lindqvist','Moreau','Nakamura','Okafor','Petrov','Quispe',"
    "'Rossi','Sato','Tanaka'])[1 + (r / 20) %% 20] AS last,\n"
    "  (ARRAY['mailbox.example','fjordpost.example','inbox.example','studio.example'])[1 + r %% 4]"
    " AS domain FROM numbers),\n"
    "letters AS (SELECT i, r, first, last,\n"
    "  lower(translate(first || '.' || last, 'öåøæéíáü ', 'oaoaeiau')) || i || '@' || domain AS "
    "address,\n"
    "  CASE WHEN i %% 60 = 17 THEN (i / 60) %% 5 END AS flaw,\n"
    "  (ARRAY['order','order','shipped','receipt','password','invoice','invite','news','digest',"
    "'alert'])[1 + r %% 10] AS sort FROM people)\n"
    "INSERT INTO email_messages (to_email, subject, html, text, kind, priority, scheduled_at,\n"
    "  headers, attachments, tags, dedupe_key)\n"
    "SELECT\n"
    "  CASE flaw WHEN 0 THEN first || ' ' || last || ' <' || lower(last) || '@>'\n"
    "            WHEN 1 THEN 'kai.moreau.mailbox.example'\n"
    "            WHEN 2 THEN 'two words@mailbox.example'\n"
    "            WHEN 3 THEN 'customer' || i || '@example.com'\n"
    "       ELSE CASE WHEN i %% 50 = 23 THEN 'bounced+order' || i || '@resend.dev'\n"
    "                 WHEN i %% 200 = 101 THEN 'complained@resend.dev'\n"
    "                 ELSE first || ' ' || last || ' <' || address || '>' END END,\n"
    "  CASE sort WHEN 'order' THEN 'Your order #' || 48000 + i || ' is confirmed'\n"
    "            WHEN 'shipped' THEN 'Order #' || 48000 + i || ' is on its way'\n"
    "            WHEN 'receipt' THEN 'Receipt for ' || 5 + r %% 90 || '.' || 10 + r %% 89 || ' "
    "EUR'\n"
    "            WHEN 'password' THEN 'Reset your password'\n"
    "            WHEN 'invoice' THEN 'Invoice ' || 2000 + i || ' for ' || last || ' & Co.'\n"
    "            WHEN 'invite' THEN first || ', you are invited to a reading on Friday'\n"
    "            WHEN 'news' THEN 'New this week: twelve books for long evenings 📚'\n"
    "            WHEN 'digest' THEN 'Your reading list, week ' || 1 + r %% 52\n"
    "            ELSE 'A new sign-in to your account' END,\n"
    "  CASE WHEN flaw = 4 THEN NULL ELSE '<p>Dear ' || first || ',</p><p>thank you for reading with"
    " us. This is message ' || i || ' of a demonstration.</p><p>Harbour Books</p>' END,\n"
    "  CASE WHEN flaw = 4 OR sort IN ('news', 'digest') THEN NULL ELSE 'Dear ' || first ||"
    " E',\\n\\nthank you for reading with us.\\n\\nHarbour Books\\n' END,\n"
    "  CASE WHEN sort IN ('news', 'digest') THEN 'marketing' ELSE 'transactional' END,\n"
    "  CASE sort WHEN 'password' THEN 0 WHEN 'alert' THEN 1 WHEN 'order' THEN 3 WHEN 'news' THEN "
    "8\n"
    "            WHEN 'digest' THEN 9 ELSE 5 END,\n"
    "  CASE WHEN i %% 25 = 5 THEN now() + (1 + i %% %d) * interval '1 second' END,\n"
    "  CASE WHEN sort IN ('news', 'digest') THEN jsonb_build_object('List-Unsubscribe',\n"
    "    '<https://books.example/unsubscribe/' || md5(i::text) || '>',\n"
    "    'List-Unsubscribe-Post', 'List-Unsubscribe=One-Click') END,\n"
    "  CASE WHEN i %% 300 = 42 THEN jsonb_build_array(jsonb_build_object('filename',"
    " 'invoice-' || 2000 + i || '.txt', 'content_type', 'text/plain', 'content',"
    " encode(convert_to('Invoice ' || 2000 + i, 'UTF8'), 'base64'))) END,\n"
    "  jsonb_build_object('sort', sort),\n"
    "  'demo-' || i || CASE WHEN flaw IS NOT NULL THEN '-flawed' ELSE '' END\n"
    "FROM letters ORDER BY i;\n";

void mail_sql(struct buf *out, int first, int last, int later_s) {
    buf_printf(out, statement, first, last, later_s);
}
