/* log.c - writes one log line with one write(2), so that threads never mix. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/when.h"

static enum log_level threshold = LOG_INFO_;

void log_set_level(enum log_level least)
{
    threshold = least;
}

void log_line(enum log_level level, const char *area, const char *fmt, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    struct buf text = BUF_INIT, line = BUF_INIT;
    char ts[WHEN_TIME_MAX];
    va_list ap;

    if (level < threshold)
        return;
    va_start(ap, fmt);
    buf_addv(&text, fmt, ap);
    va_end(ap);
    when_time_format(when_now(), ts);
    buf_addf(&line, "ts=%s level=%s area=%s msg=\"", ts, names[level], area);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.s[i];

        if (c == '"' || c == '\\')
            buf_addf(&line, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_addf(&line, "\\x%02x", c);
        else
            buf_putc(&line, (char)c);
    }
    buf_puts(&line, "\"\n");
    if (write(STDERR_FILENO, line.s, line.len) < 0) {
        /* a full disk under the log must not stop the server */
    }
    buf_free(&text);
    buf_free(&line);
}
