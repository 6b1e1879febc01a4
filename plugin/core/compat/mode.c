/*
 * The catalogue of processor modes and of the servers that run them
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <assert.h>
#include <string.h>

#include "mode.h"

typedef struct ModeInfo {
    const char *name;       /* ours; the key that parsing normalises to */
    const char *manual;
    const char *qemu;       /* NULL: QEMU cannot run it */
    guint level;
    guint32 logical_pvr;
    gboolean enhanced;
    gboolean can_be_current;
    gboolean can_be_preferred;
} ModeInfo;

/* Logical PVRs: qemu target/ppc/cpu-models.h, CPU_POWERPC_LOGICAL_*. */
static const ModeInfo modes[] = {
    [LPM_MODE_DEFAULT] = {
        .name = "default", .manual = "default", .qemu = "",
        .can_be_preferred = TRUE,
    },
    [LPM_MODE_POWER5] = {
        .name = "power5", .manual = "POWER5", .level = 50,
        .can_be_current = TRUE,
    },
    [LPM_MODE_POWER6] = {
        .name = "power6", .manual = "POWER6", .qemu = "power6",
        .level = 60, .logical_pvr = 0x0f000002,
        .can_be_current = TRUE, .can_be_preferred = TRUE,
    },
    [LPM_MODE_POWER6_ENHANCED] = {
        .name = "power6-enhanced", .manual = "POWER6 enhanced",
        .level = 60, .enhanced = TRUE,
        .can_be_current = TRUE, .can_be_preferred = TRUE,
    },
    [LPM_MODE_POWER6_PLUS] = {
        .name = "power6+", .manual = "POWER6+", .level = 65,
        .can_be_current = TRUE, .can_be_preferred = TRUE,
    },
    [LPM_MODE_POWER6_PLUS_ENHANCED] = {
        .name = "power6+-enhanced", .manual = "POWER6+ enhanced",
        .level = 65, .enhanced = TRUE,
        .can_be_current = TRUE, .can_be_preferred = TRUE,
    },
    [LPM_MODE_POWER7] = {
        .name = "power7", .manual = "POWER7", .qemu = "power7",
        .level = 70, .logical_pvr = 0x0f000003,
        .can_be_current = TRUE, .can_be_preferred = TRUE,
    },
    [LPM_MODE_POWER7_PLUS] = {
        .name = "power7+", .manual = "POWER7+", .qemu = "power7+",
        .level = 75, .logical_pvr = 0x0f100003,
        .can_be_current = TRUE, .can_be_preferred = TRUE,
    },
    [LPM_MODE_POWER8] = {
        .name = "power8", .manual = "POWER8", .qemu = "power8",
        .level = 80, .logical_pvr = 0x0f000004,
        .can_be_current = TRUE, .can_be_preferred = TRUE,
    },
    [LPM_MODE_POWER9] = {
        .name = "power9", .manual = "POWER9", .qemu = "power9",
        .level = 90, .logical_pvr = 0x0f000005,
        .can_be_current = TRUE, .can_be_preferred = TRUE,
    },
    [LPM_MODE_POWER10] = {
        .name = "power10", .manual = "POWER10", .qemu = "power10",
        .level = 100, .logical_pvr = 0x0f000006,
        .can_be_current = TRUE, .can_be_preferred = TRUE,
    },
    [LPM_MODE_POWER11] = {
        .name = "power11", .manual = "POWER11", .qemu = "power11",
        .level = 110, .logical_pvr = 0x0f000007,
        .can_be_current = TRUE, .can_be_preferred = TRUE,
    },
};
static_assert(G_N_ELEMENTS(modes) == LPM_MODE__COUNT,
              "every mode has its row");

typedef struct ServerInfo {
    const char *name;
    const char *manual;
    LpmModeSupport support;
} ServerInfo;

#define B(mode) LPM_MODE_BIT(LPM_MODE_##mode)

/*
 * QEMU's modes up to POWER8's.  power7+ is not among them: QEMU compares
 * logical PVRs as numbers (compat.c:142), and 0x0f100003 is above all
 * others, so that only a POWER7 takes it.
 */
#define QEMU_POWER8  (B(POWER6) | B(POWER7) | B(POWER8))
#define QEMU_POWER9  (QEMU_POWER8 | B(POWER9))
#define QEMU_POWER10 (QEMU_POWER9 | B(POWER10))
#define QEMU_POWER11 (QEMU_POWER10 | B(POWER11))

static const ServerInfo servers[] = {
    [LPM_SERVER_POWER6] = {
        .name = "power6", .manual = "POWER6",
        .support = {
            .current = B(POWER5) | B(POWER6) | B(POWER6_ENHANCED),
            .preferred = B(DEFAULT) | B(POWER6) | B(POWER6_ENHANCED),
        },
    },
    [LPM_SERVER_POWER6_PLUS] = {
        .name = "power6+", .manual = "POWER6+",
        .support = {
            .current = B(POWER5) | B(POWER6) | B(POWER6_PLUS) |
                       B(POWER6_PLUS_ENHANCED),
            .preferred = B(DEFAULT) | B(POWER6) | B(POWER6_PLUS) |
                         B(POWER6_PLUS_ENHANCED),
        },
    },
    [LPM_SERVER_POWER7] = {
        .name = "power7", .manual = "POWER7",
        .support = {
            .current = B(POWER5) | B(POWER6) | B(POWER6_PLUS) | B(POWER7),
            .preferred = B(DEFAULT) | B(POWER6) | B(POWER6_PLUS) | B(POWER7),
        },
    },
    [LPM_SERVER_POWER8] = {
        .name = "power8", .manual = "POWER8",
        .support = {
            .current = QEMU_POWER8,
            .preferred = B(DEFAULT) | QEMU_POWER8,
        },
    },
    [LPM_SERVER_POWER9] = {
        .name = "power9", .manual = "POWER9",
        .support = {
            .current = QEMU_POWER9,
            .preferred = B(DEFAULT) | QEMU_POWER9,
        },
    },
    [LPM_SERVER_POWER10] = {
        .name = "power10", .manual = "POWER10",
        .support = {
            .current = QEMU_POWER10,
            .preferred = B(DEFAULT) | QEMU_POWER10,
        },
    },
    [LPM_SERVER_POWER11] = {
        .name = "power11", .manual = "POWER11",
        .support = {
            .current = QEMU_POWER11,
            .preferred = B(DEFAULT) | QEMU_POWER11,
        },
    },
};
static_assert(G_N_ELEMENTS(servers) == LPM_SERVER__COUNT,
              "every server has its row");
#undef B

const char *lpm_mode_name(LpmMode mode)
{
    g_assert((guint)mode < LPM_MODE__COUNT);
    return modes[mode].name;
}

const char *lpm_mode_manual_name(LpmMode mode)
{
    g_assert((guint)mode < LPM_MODE__COUNT);
    return modes[mode].manual;
}

const char *lpm_mode_qemu_name(LpmMode mode)
{
    g_assert((guint)mode < LPM_MODE__COUNT);
    return modes[mode].qemu;
}

guint lpm_mode_level(LpmMode mode)
{
    g_assert((guint)mode < LPM_MODE__COUNT);
    return modes[mode].level;
}

guint32 lpm_mode_logical_pvr(LpmMode mode)
{
    g_assert((guint)mode < LPM_MODE__COUNT);
    return modes[mode].logical_pvr;
}

gboolean lpm_mode_is_enhanced(LpmMode mode)
{
    g_assert((guint)mode < LPM_MODE__COUNT);
    return modes[mode].enhanced;
}

gboolean lpm_mode_can_be_current(LpmMode mode)
{
    g_assert((guint)mode < LPM_MODE__COUNT);
    return modes[mode].can_be_current;
}

gboolean lpm_mode_can_be_preferred(LpmMode mode)
{
    g_assert((guint)mode < LPM_MODE__COUNT);
    return modes[mode].can_be_preferred;
}

gboolean lpm_mode_from_logical_pvr(guint32 pvr, LpmMode *ret_mode)
{
    for (guint i = 0; pvr != 0 && i < G_N_ELEMENTS(modes); i++) {
        if (modes[i].logical_pvr == pvr) {
            *ret_mode = i;
            return TRUE;
        }
    }
    return FALSE;
}

/*
 * One spelling of the many: the two manuals' ("POWER6 enhanced" and
 * "POWER6-enhanced"), QEMU's, and the consoles' ("POWER6_Plus_Enhanced").
 */
static char *normalise(const char *name)
{
    char *key = g_ascii_strdown(name, -1);
    char *plus;

    g_strdelimit(g_strstrip(key), " _", '-');
    plus = strstr(key, "-plus");
    if (plus) {
        *plus = '+';
        memmove(plus + 1, plus + 5, strlen(plus + 5) + 1);
    }
    return key;
}

gboolean lpm_mode_parse(const char *name, LpmMode *ret_mode)
{
    g_autofree char *key = NULL;

    if (!name) {
        return FALSE;
    }
    key = normalise(name);
    if (*key == '\0') {
        *ret_mode = LPM_MODE_DEFAULT;
        return TRUE;
    }
    for (guint i = 0; i < G_N_ELEMENTS(modes); i++) {
        if (g_str_equal(modes[i].name, key)) {
            *ret_mode = i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean lpm_mode_set_parse(const char *list, LpmModeSet *ret_set)
{
    g_auto(GStrv) names = g_strsplit(list, ",", -1);
    LpmModeSet set = 0;

    for (guint i = 0; names[i]; i++) {
        LpmMode mode;

        if (*g_strstrip(names[i]) == '\0') {
            if (names[i + 1] || i > 0) {
                return FALSE;       /* a hole in the list */
            }
            break;
        }
        if (!lpm_mode_parse(names[i], &mode)) {
            return FALSE;
        }
        set |= LPM_MODE_BIT(mode);
    }
    *ret_set = set;
    return TRUE;
}

char *lpm_mode_set_text(LpmModeSet set)
{
    GString *s = g_string_new(NULL);

    for (guint i = LPM_MODE__COUNT; i-- > 0;) {
        if (lpm_mode_set_has(set, i)) {
            g_string_append_printf(s, "%s%s", s->len ? ", " : "",
                                   modes[i].name);
        }
    }
    if (s->len == 0) {
        g_string_append(s, "none");
    }
    return g_string_free(s, FALSE);
}

const char *lpm_server_name(LpmServer server)
{
    g_assert((guint)server < LPM_SERVER__COUNT);
    return servers[server].manual;
}

gboolean lpm_server_parse(const char *name, LpmServer *ret_server)
{
    g_autofree char *key = NULL;

    if (!name) {
        return FALSE;
    }
    key = normalise(name);
    for (guint i = 0; i < G_N_ELEMENTS(servers); i++) {
        if (g_str_equal(servers[i].name, key)) {
            *ret_server = i;
            return TRUE;
        }
    }
    return FALSE;
}

const LpmModeSupport *lpm_server_support(LpmServer server)
{
    g_assert((guint)server < LPM_SERVER__COUNT);
    return &servers[server].support;
}
