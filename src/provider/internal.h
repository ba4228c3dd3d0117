/* What the files of this folder share: the descriptors the registry lists. */
#ifndef POSTROOM_PROVIDER_INTERNAL_H
#define POSTROOM_PROVIDER_INTERNAL_H

#include "provider/provider.h"

extern const struct provider provider_resend;
extern const struct provider provider_sendgrid;
extern const struct provider provider_ses;
extern const struct provider provider_smtp;
extern const struct provider provider_null;

/* resend_read.c */
void resend_read(const struct wire_response *response, const struct manifest *m,
                 struct reading *out);

/* resend_ask.c */
bool resend_ask(const struct settings *s, int i, const struct wire_response *answers,
                struct wire_request *out, struct err *err);
void resend_learn(const struct settings *s, const struct wire_response *answers,
                  struct findings *out);

/* sendgrid_accept.c */
bool sendgrid_accepts(const struct message *m, char code[64], struct err *err);

/* sendgrid_read.c */
void sendgrid_read(const struct wire_response *response, const struct manifest *m,
                   struct reading *out);

/* sendgrid_ask.c */
#define SENDGRID_QUESTIONS 4
bool sendgrid_ask(const struct settings *s, int i, const struct wire_response *answers,
                  struct wire_request *out, struct err *err);
void sendgrid_learn(const struct settings *s, const struct wire_response *answers,
                    struct findings *out);

/* ses.c */
void ses_base(const struct settings *s, char dst[512]);
bool ses_ask_limits(const struct settings *s, struct wire_request *out, struct err *err);

/* ses_ask.c */
#define SES_QUESTIONS 8
bool ses_ask(const struct settings *s, int i, const struct wire_response *answers,
             struct wire_request *out, struct err *err);
void ses_learn(const struct settings *s, const struct wire_response *answers, struct findings *out);

/* ses_accept.c */
bool ses_accepts(const struct message *m, char code[64], struct err *err);

/* smtp.c: the server, the login and TLS, as SMTP_URL has them; body.failed where it cannot. */
void smtp_place(const char *text, struct wire_request *out);

/* smtp_ask.c */
bool smtp_ask(const struct settings *s, int i, const struct wire_response *answers,
              struct wire_request *out, struct err *err);
void smtp_learn(const struct settings *s, const struct wire_response *answers,
                struct findings *out);

/* smtp_read.c */
void smtp_read(const struct wire_response *response, const struct manifest *m, struct reading *out);

/* ses_read.c */
void ses_read(const struct wire_response *response, const struct manifest *m, struct reading *out);
bool ses_read_limits(const struct wire_response *response, struct lane_news *news, struct err *err);

#endif
