/* watch.h - which scripts run now and since when, for the monitor that ends what hangs. */
#ifndef BERTH_LUA_WATCH_H
#define BERTH_LUA_WATCH_H

/* Around an outermost run.  `file` must live as long as the process may look at it. */
void watch_begin(const char *file);
void watch_end(void);
/* Around calls into the host, whose time is not the script's. */
void watch_pause(void);
void watch_resume(void);
/* When the thread ends. */
void watch_leave(void);

#endif
