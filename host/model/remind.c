/* remind.c - reading a field's .remind: "0d, -7d", "-15m", "yearly -3d". */
#include "model/remind.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool one(const char *s, size_t n, bool of_day, int64_t *before_r)
{
    char *end;
    long v;

    if (n > 0 && *s == '-')
        s++, n--;
    if (n == 0 || !isdigit((unsigned char)*s))
        return false;
    v = strtol(s, &end, 10);
    if (v > 3650 || end != s + n - 1 || (*end != 'd' && (of_day || (*end != 'h' && *end != 'm'))))
        return false;
    *before_r = v * (*end == 'd' ? BERTH_DAY : *end == 'h' ? INT64_C(3600000) : INT64_C(60000));
    return true;
}

bool remind_parse(const char *text, bool of_day, struct remind *out)
{
    const char *s = text + strspn(text, " ");

    *out = (struct remind){0};
    if (strncmp(s, "yearly", 6) == 0) {
        out->yearly = true;
        s += 6;
        s += strspn(s, " ");
    }
    while (*s != '\0') {
        size_t n = strcspn(s, ","), word = n;

        while (word > 0 && s[word - 1] == ' ')
            word--;
        if (out->n == REMIND_MAX || !one(s, word, of_day, &out->before[out->n]))
            return false;
        out->n++;
        s += n + (s[n] == ',');
        s += strspn(s, " ");
    }
    return out->n > 0 && (!out->yearly || of_day);
}
