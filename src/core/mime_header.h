/* One header of a mail: words that are folded where a line is full, and texts beyond ASCII as
 * encoded-words (RFC 2047).
 *
 * A reader gets back exactly the text that went in: what would be changed on the way (blanks at
 * the ends, words too long for a line, a text that looks like an encoded-word) is encoded too.
 * Lines have at most 76 columns wherever there is a blank to fold at (never the one behind the
 * header's name: some readers would keep it), and 998 bytes everywhere.
 * Texts have no control bytes: that is the caller's to check. Failure is the buffer's. Pure; any
 * thread. */
#ifndef POSTROOM_CORE_MIME_HEADER_H
#define POSTROOM_CORE_MIME_HEADER_H

#include "base/buf.h"

#define MIME_COLUMNS 76   /* of a line that can be folded (RFC 2047) */
#define MIME_WORD_MAX 900 /* bytes; behind the longest name of a header it still fits 998 */
#define MIME_NAME_MAX 76

/* A header being written. */
struct mime_header {
    struct buf *out;
    size_t column; /* bytes on this line so far */
    size_t start;  /* column behind "Name:", 0 on later lines */
};

void mime_header_begin(struct mime_header *h, struct buf *out, const char *name);
void mime_header_end(struct mime_header *h);

/* A blank, or a new line, and the word as it stands: at most MIME_WORD_MAX bytes. */
void mime_header_word(struct mime_header *h, const char *word);

/* A text as it stands, folded at its blanks. */
void mime_header_words(struct mime_header *h, const char *text);

/* A text as encoded-words. */
void mime_header_encoded(struct mime_header *h, const char *text);

/* A whole header whose value is a text for people or programs (Subject, X-...). */
void mime_header_text(struct buf *out, const char *name, const char *value);

/* Nothing but printable ASCII? */
bool mime_is_ascii(const char *s);

/* Would a reader decode some of it? Readers take even what RFC 2047 does not allow. */
bool mime_looks_encoded(const char *s);

/* Does it arrive unchanged as mime_header_words? */
bool mime_is_plain(const char *s);

#endif
