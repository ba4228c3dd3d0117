/* The error codes among the failed messages, walked through their index with one probe each. */
#ifndef POSTROOM_DB_CODES_H
#define POSTROOM_DB_CODES_H

/* What failed messages without a code (applications may fail some) are called. */
#define NO_ERROR_CODE "(none)"

/* For WITH RECURSIVE: error_codes (code), in order; NO_ERROR_CODE is not among them, a null may
 * end them. */
#define ERROR_CODES                                                                                \
    "error_codes (code) AS ("                                                                      \
    "  (SELECT ${m.error_code} FROM ${messages} m WHERE ${m.status} = 'failed'"                    \
    "  AND ${m.error_code} IS NOT NULL ORDER BY ${m.error_code} LIMIT 1)"                          \
    "  UNION ALL SELECT (SELECT ${m.error_code} FROM ${messages} m WHERE ${m.status} = 'failed'"   \
    "  AND ${m.error_code} > error_codes.code ORDER BY ${m.error_code} LIMIT 1)"                   \
    "  FROM error_codes WHERE error_codes.code IS NOT NULL)"

#endif
