/* picture.c - decoding, turning, shrinking, encoding. */
#include "service/picture.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h> /* before jpeglib.h, which needs it */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <jpeglib.h>

/* ---- the cage ------------------------------------------------------------------------------------ */
enum { MEMORY = 512 << 20, SECONDS = 4, WRITTEN = 1 << 20 };

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif
#define ALLOW(nr) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void limit(int what, rlim_t n)
{
    const struct rlimit l = {n, n};

    setrlimit((__rlimit_resource_t)what, &l);
}

bool picture_cage(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(ARCH) /* a sanitizer needs much more than this */
    limit(RLIMIT_CPU, SECONDS);
    return true;
#else
    struct sock_filter only[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ALLOW(__NR_read), ALLOW(__NR_write), ALLOW(__NR_mmap), ALLOW(__NR_munmap), ALLOW(__NR_mremap), ALLOW(__NR_madvise), ALLOW(__NR_brk),
        ALLOW(__NR_exit_group), ALLOW(__NR_futex), ALLOW(__NR_getrandom), ALLOW(__NR_rt_sigprocmask),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    const struct sock_fprog program = {sizeof(only) / sizeof(only[0]), only};

    limit(RLIMIT_AS, MEMORY);
    limit(RLIMIT_CPU, SECONDS);
    limit(RLIMIT_FSIZE, WRITTEN);
    limit(RLIMIT_CORE, 0);
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#endif
}

/* ---- pixels ------------------------------------------------------------------------------------------ */
struct pixels { /* three bytes each, row by row */
    unsigned char *p;
    unsigned w, h;
};

/* The mean of the pixels that become one. */
static bool shrink(const struct pixels *in, struct pixels *out)
{
    unsigned side = in->w > in->h ? in->w : in->h;
    unsigned w = side <= PICTURE_SIDE ? in->w : in->w * PICTURE_SIDE / side, h = side <= PICTURE_SIDE ? in->h : in->h * PICTURE_SIDE / side;

    *out = (struct pixels){NULL, w > 0 ? w : 1, h > 0 ? h : 1};
    out->p = malloc((size_t)out->w * out->h * 3);
    if (out->p == NULL)
        return false;
    for (unsigned y = 0; y < out->h; y++)
        for (unsigned x = 0; x < out->w; x++) {
            size_t x0 = (size_t)x * in->w / out->w, x1 = ((size_t)x + 1) * in->w / out->w;
            size_t y0 = (size_t)y * in->h / out->h, y1 = ((size_t)y + 1) * in->h / out->h, n = 0, sum[3] = {0};

            for (size_t j = y0; j < (y1 > y0 ? y1 : y0 + 1); j++)
                for (size_t i = x0; i < (x1 > x0 ? x1 : x0 + 1); i++, n++)
                    for (int k = 0; k < 3; k++)
                        sum[k] += in->p[(j * in->w + i) * 3 + (size_t)k];
            for (int k = 0; k < 3; k++)
                out->p[((size_t)y * out->w + x) * 3 + (size_t)k] = (unsigned char)(sum[k] / n);
        }
    return true;
}

/* Orientations 1 to 8 of EXIF: mirrored, turned, or both. */
static bool upright(struct pixels *a, int how)
{
    struct pixels b = {NULL, how >= 5 ? a->h : a->w, how >= 5 ? a->w : a->h};

    if (how < 2 || how > 8)
        return true;
    if ((b.p = malloc((size_t)b.w * b.h * 3)) == NULL)
        return false;
    for (unsigned y = 0; y < b.h; y++)
        for (unsigned x = 0; x < b.w; x++) {
            unsigned u = how >= 5 ? y : x, v = how >= 5 ? x : y; /* where it comes from */

            if (how == 2 || how == 3 || how == 7 || how == 8)
                u = a->w - 1 - u;
            if (how == 3 || how == 4 || how == 6 || how == 7)
                v = a->h - 1 - v;
            memcpy(b.p + ((size_t)y * b.w + x) * 3, a->p + ((size_t)v * a->w + u) * 3, 3);
        }
    free(a->p);
    *a = b;
    return true;
}

/* ---- JPEG ---------------------------------------------------------------------------------------------- */
struct failing {
    struct jpeg_error_mgr mgr;
    jmp_buf back;
};

static void fail(j_common_ptr c)
{
    longjmp(((struct failing *)(void *)c->err)->back, 1);
}

static void silent(j_common_ptr c)
{
    (void)c;
}

static struct jpeg_error_mgr *quiet(struct failing *f)
{
    jpeg_std_error(&f->mgr);
    f->mgr.error_exit = fail;
    f->mgr.output_message = silent;
    return &f->mgr;
}

static unsigned number(const unsigned char *p, int bytes, bool big)
{
    unsigned n = 0;

    for (int i = 0; i < bytes; i++)
        n = n << 8 | p[big ? i : bytes - 1 - i];
    return n;
}

/* Tag 0x0112 of the first folder of an APP1 marker; 1: as it is. */
static int orientation(const struct jpeg_marker_struct *m)
{
    for (; m != NULL; m = m->next) {
        const unsigned char *t = m->data + 6;
        size_t n = m->data_length < 6 ? 0 : m->data_length - 6, at;
        bool big;

        if (n < 14 || memcmp(m->data, "Exif\0", 6) != 0)
            continue;
        big = t[0] == 'M';
        at = number(t + 4, 4, big);
        if (at > n - 2)
            return 1;
        for (unsigned left = number(t + at, 2, big); left > 0 && at + 14 <= n; left--, at += 12)
            if (number(t + at + 2, 2, big) == 0x0112)
                return (int)number(t + at + 10, 2, big);
    }
    return 1;
}

static bool jpeg_in(const unsigned char *in, size_t n, struct pixels *volatile out, volatile int *how)
{
    struct jpeg_decompress_struct d;
    struct failing f;

    d.err = quiet(&f);
    if (setjmp(f.back) != 0)
        return false; /* the process ends soon: nothing is freed */
    jpeg_create_decompress(&d);
    jpeg_mem_src(&d, in, n);
    jpeg_save_markers(&d, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(&d, TRUE);
    if ((uint64_t)d.image_width * d.image_height > PICTURE_PIXELS_MAX)
        return false;
    *how = orientation(d.marker_list);
    d.out_color_space = JCS_RGB;
    while (d.scale_denom < 8 && (d.image_width > d.image_height ? d.image_width : d.image_height) / (d.scale_denom * 2) >= PICTURE_SIDE)
        d.scale_denom *= 2;
    jpeg_start_decompress(&d);
    *out = (struct pixels){malloc((size_t)d.output_width * d.output_height * 3), d.output_width, d.output_height};
    while (out->p != NULL && d.output_scanline < d.output_height) {
        JSAMPROW row = out->p + (size_t)d.output_scanline * d.output_width * 3;

        jpeg_read_scanlines(&d, &row, 1);
    }
    return out->p != NULL;
}

static bool jpeg_out(const struct pixels *in, unsigned char **out, size_t *n)
{
    struct jpeg_compress_struct c;
    unsigned long len = 0;
    struct failing f;

    c.err = quiet(&f);
    if (setjmp(f.back) != 0)
        return false;
    jpeg_create_compress(&c);
    *out = NULL;
    jpeg_mem_dest(&c, out, &len);
    c.image_width = in->w;
    c.image_height = in->h;
    c.input_components = 3;
    c.in_color_space = JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, 80, TRUE);
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < c.image_height) {
        JSAMPROW row = in->p + (size_t)c.next_scanline * in->w * 3;

        jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    *n = len;
    return true;
}

/* ---- PNG ------------------------------------------------------------------------------------------------ */
static bool png_in(const unsigned char *in, size_t n, struct pixels *out)
{
    const png_color white = {255, 255, 255};
    png_image p = {.version = PNG_IMAGE_VERSION};

    if (png_image_begin_read_from_memory(&p, in, n) == 0 || (uint64_t)p.width * p.height > PICTURE_PIXELS_MAX)
        return false;
    p.format = PNG_FORMAT_RGB;
    *out = (struct pixels){malloc(PNG_IMAGE_SIZE(p)), p.width, p.height};
    return out->p != NULL && png_image_finish_read(&p, &white, out->p, 0, NULL) != 0;
}

bool picture_small(const unsigned char *in, size_t n, unsigned char **out, size_t *out_n)
{
    struct pixels whole = {0}, small;
    volatile int how = 1;
    bool ok = n > 8 && memcmp(in, "\x89PNG", 4) == 0 ? png_in(in, n, &whole) : n > 3 && jpeg_in(in, n, &whole, &how);

    return ok && shrink(&whole, &small) && upright(&small, how) && jpeg_out(&small, out, out_n);
}
