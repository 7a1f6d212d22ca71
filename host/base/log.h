/* log.h - one line an event on stderr, in logfmt:
 *   ts=2026-11-22T01:33:57.123Z level=info area=http msg="listening" port=8080
 * Control characters are escaped, so a line is always one event.  Never pass secrets. */
#ifndef BERTH_LOG_H
#define BERTH_LOG_H

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };

void log_set_level(enum log_level least);
/* fmt is the sentence: lower case, no full stop, "what was attempted: why it failed". */
void log_line(enum log_level level, const char *area, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define log_debug(area, ...) log_line(LOG_DEBUG_, area, __VA_ARGS__)
#define log_info(area, ...) log_line(LOG_INFO_, area, __VA_ARGS__)
#define log_warn(area, ...) log_line(LOG_WARN_, area, __VA_ARGS__)
#define log_error(area, ...) log_line(LOG_ERROR_, area, __VA_ARGS__)

#endif
