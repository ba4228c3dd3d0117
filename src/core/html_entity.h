/* "&eacute;" -> a code point. */
#ifndef POSTROOM_CORE_HTML_ENTITY_H
#define POSTROOM_CORE_HTML_ENTITY_H

#include <stddef.h>
#include <stdint.h>

/* s points behind the '&', n bytes are there. Returns how many of them (with the ';') it takes and
 * the character; 0: this is no entity, the '&' stands for itself. */
size_t html_entity(const char *s, size_t n, uint32_t *ch);

#endif
