/*
 * Who uses which WWPN, on systems that were told of
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/wwpn-users.h"

/* Users of one WWPN that each of them is compared with. */
#define NEIGHBOURS  64

struct LpmWwpnUsers {
    GPtrArray *all;         /* LpmWwpnUser * */
    GPtrArray *gaps;        /* char * */
    GHashTable *used;       /* guint64 * */
    guint reports;
};

/* What is told of a partition, for each of its adapters. */
typedef struct Owner {
    LpmWwpnUsers *users;
    const char *source;
    const char *system;
    const char *partition;
    const char *uuid;
    gboolean moves;
} Owner;

static void user_free(gpointer data)
{
    LpmWwpnUser *user = data;

    g_free(user->text);
    g_free(user->pair);
    g_free(user->adapter);
    g_free(user->partition);
    g_free(user->uuid);
    g_free(user->system);
    g_free(user->source);
    g_free(user->origin);
    g_free(user->port);
    g_free(user);
}

LpmWwpnUsers *lpm_wwpn_users_new(void)
{
    LpmWwpnUsers *users = g_new0(LpmWwpnUsers, 1);

    users->all = g_ptr_array_new_with_free_func(user_free);
    users->gaps = g_ptr_array_new_with_free_func(g_free);
    users->used = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                        NULL);
    return users;
}

void lpm_wwpn_users_free(LpmWwpnUsers *users)
{
    if (users != NULL) {
        g_ptr_array_unref(users->all);
        g_ptr_array_unref(users->gaps);
        g_hash_table_unref(users->used);
        g_free(users);
    }
}

const GPtrArray *lpm_wwpn_users_all(const LpmWwpnUsers *users)
{
    return users->all;
}

const GPtrArray *lpm_wwpn_users_gaps(const LpmWwpnUsers *users)
{
    return users->gaps;
}

gboolean lpm_wwpn_users_has(const LpmWwpnUsers *users, guint64 wwpn)
{
    return g_hash_table_contains(users->used, &wwpn);
}

static void add_gap(const Owner *owner, const char *format, ...)
    G_GNUC_PRINTF(2, 3);

static void add_gap(const Owner *owner, const char *format, ...)
{
    g_autofree char *what = NULL;
    GString *text = g_string_new(owner->source);
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_string_append(text, ": ");
    if (owner->partition != NULL) {
        g_string_append_printf(text, "partition %s: ", owner->partition);
    }
    g_string_append(text, what);
    g_ptr_array_add(owner->users->gaps, g_string_free(text, FALSE));
}

/* Inventories and sysfs write "0x" before it. */
static guint64 wwpn_of(const char *text)
{
    guint64 wwpn;

    return lpm_vfc_wwpn_parse(g_str_has_prefix(text, "0x") ? text + 2 : text,
                              &wwpn) ? wwpn : 0;
}

static char *wwpn_text(guint64 wwpn, const char *told)
{
    return wwpn != 0 ? lpm_vfc_wwpn_text(wwpn) :
                       g_strdup(told);
}

static void add_number(GHashTable *set, guint64 number)
{
    guint64 *key = g_new(guint64, 1);

    *key = number;
    g_hash_table_add(set, key);
}

static LpmWwpnUser *add_user(const Owner *owner, LpmWwpnKind kind,
                             guint64 wwpn, const char *told,
                             const char *origin)
{
    LpmWwpnUsers *users = owner->users;
    LpmWwpnUser *user = g_new0(LpmWwpnUser, 1);

    user->kind = kind;
    user->wwpn = wwpn;
    user->text = wwpn_text(wwpn, told);
    user->partition = g_strdup(owner->partition);
    user->uuid = g_strdup(owner->uuid);
    user->system = g_strdup(owner->system);
    user->source = g_strdup(owner->source);
    user->origin = g_strdup(origin);
    user->report = users->reports;
    user->moves = owner->moves;
    g_ptr_array_add(users->all, user);
    if (wwpn != 0) {
        add_number(users->used, wwpn);
    }
    return user;
}

/* The text of a field, NULL when absent or empty. */
static const char *text_of(const LpmNode *node, LpmField field)
{
    const LpmValue *value = lpm_node_get(node, field);

    return value != NULL && value->text[0] != '\0' ? value->text : NULL;
}

/* QEMU without -uuid has one of zeros, which tells nothing. */
static const char *known_uuid(const char *uuid)
{
    return uuid != NULL && strspn(uuid, "0-") != strlen(uuid) ? uuid : NULL;
}

static const char *known_name(const char *name)
{
    return name != NULL && name[0] != '\0' ? name : NULL;
}

static gboolean is_in_flight(const LpmNode *system, const char *partition)
{
    const GPtrArray *moves = lpm_node_items(system, LPM_SYSTEM_MOVES);

    for (guint i = 0; moves != NULL && i < moves->len; i++) {
        if (g_strcmp0(lpm_node_key(g_ptr_array_index(moves, i)),
                      partition) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

static const char *why_or(const char *why, const char *otherwise)
{
    return why != NULL ? why : otherwise;
}

static void add_targets(const Owner *owner, const LpmNode *node,
                        LpmField field)
{
    const GPtrArray *items = lpm_node_items(node, field);

    for (guint i = 0; items != NULL && i < items->len; i++) {
        const char *text = g_ptr_array_index(items, i);
        guint64 wwpn = wwpn_of(text);
        Owner target = *owner;

        /* targets may be told of by other names than WWPNs */
        if (wwpn != 0) {
            target.partition = target.uuid = NULL;
            target.moves = FALSE;
            add_user(&target, LPM_WWPN_TARGET, wwpn, text,
                     lpm_node_origin(node, field));
        }
    }
}

static void add_adapter(const Owner *owner, const LpmNode *adapter)
{
    const LpmField fields[] = { LPM_VFC_WWPN, LPM_VFC_WWPN2 };
    const char *told[] = { text_of(adapter, fields[0]),
                           text_of(adapter, fields[1]) };

    for (guint i = 0; i < 2; i++) {
        LpmWwpnUser *user;

        if (told[i] == NULL) {
            add_gap(owner, "virtual FC adapter %s: %s: %s",
                    lpm_node_key(adapter), lpm_field_info(fields[i])->name,
                    why_or(lpm_node_why(adapter, fields[i]), "not given"));
            continue;
        }
        user = add_user(owner, LPM_WWPN_ADAPTER, wwpn_of(told[i]), told[i],
                        lpm_node_origin(adapter, fields[i]));
        user->which = i + 1;
        user->adapter = g_strdup(lpm_node_key(adapter));
        user->pair = told[1 - i] == NULL ? NULL :
                     wwpn_text(wwpn_of(told[1 - i]), told[1 - i]);
    }
    add_targets(owner, adapter, LPM_VFC_TARGETS);
    add_targets(owner, adapter, LPM_VFC_TARGETS2);
}

static void add_partition(const Owner *host, const LpmNode *system,
                          const LpmNode *partition)
{
    const GPtrArray *adapters = lpm_node_items(partition, LPM_PARTITION_VFC);
    Owner owner = *host;

    owner.partition = lpm_node_key(partition);
    owner.uuid = known_uuid(text_of(partition, LPM_PARTITION_UUID));
    owner.moves = is_in_flight(system, owner.partition);
    if (adapters == NULL) {
        add_gap(&owner, "vfc-adapters: %s",
                why_or(lpm_node_why(partition, LPM_PARTITION_VFC),
                       "not given"));
        return;
    }
    for (guint i = 0; i < adapters->len; i++) {
        add_adapter(&owner, g_ptr_array_index(adapters, i));
    }
}

static gboolean is_moving_state(const char *state)
{
    static const char *const states[] = {
        "inmigrate", "finish-migrate", "postmigrate", NULL,
    };

    return state != NULL && g_strv_contains(states, state);
}

static void add_pair(const Owner *owner, const LpmOfferWwpn *pair,
                     gboolean is_live, const char *origin)
{
    for (guint i = 0; i < 2; i++) {
        LpmWwpnUser *user = add_user(owner, LPM_WWPN_ADAPTER, pair->wwpn[i],
                                     "0000000000000000", origin);

        user->which = i + 1;
        user->adapter = g_strdup_printf("0x%x", pair->reg);
        user->pair = wwpn_text(pair->wwpn[1 - i], "0000000000000000");
        /* a saved offer tells of another day */
        user->login = !is_live ? LPM_WWPN_LOGIN_UNKNOWN :
                      pair->active == i + 1 ? LPM_WWPN_LOGGED_IN :
                                              LPM_WWPN_LOGGED_OUT;
    }
}

static void add_qemu(const Owner *host, const LpmNode *qemu)
{
    const LpmValue *value = lpm_node_get(qemu, LPM_QEMU_OFFER);
    const LpmValue *live = lpm_node_get(qemu, LPM_QEMU_LIVE);
    const LpmOffer *offer = value != NULL ? value->offer : NULL;
    const char *name = text_of(qemu, LPM_QEMU_NAME);
    const char *uuid = known_uuid(text_of(qemu, LPM_QEMU_UUID));
    const char *state = text_of(qemu, LPM_QEMU_RUN_STATE);
    Owner owner = *host;

    if (offer == NULL) {
        /* of another day, as an inventory keeps it: nobody asks it now */
        if (live != NULL && live->number != 0) {
            add_gap(&owner, "its WWPNs: %s",
                    why_or(lpm_node_why(qemu, LPM_QEMU_OFFER), "not told"));
        }
        return;
    }
    owner.partition = name != NULL ? name : known_name(offer->name);
    owner.uuid = uuid != NULL ? uuid : known_uuid(offer->uuid);
    owner.moves = is_moving_state(state != NULL ? state : offer->run_state);
    for (guint i = 0; i < offer->wwpns->len; i++) {
        add_pair(&owner, &g_array_index(offer->wwpns, LpmOfferWwpn, i),
                 live != NULL && live->number != 0,
                 lpm_node_origin(qemu, LPM_QEMU_OFFER));
    }
}

/* Returns: whether the server tells of ports. */
static gboolean add_ports(const Owner *owner, const LpmNode *server)
{
    const GPtrArray *ports = lpm_node_items(server, LPM_IOSERVER_FC_PORTS);

    for (guint i = 0; ports != NULL && i < ports->len; i++) {
        const LpmNode *port = g_ptr_array_index(ports, i);
        const GPtrArray *names = lpm_node_items(port, LPM_FCPORT_LOGGED_IN);

        for (guint k = 0; names != NULL && k < names->len; k++) {
            const char *text = g_ptr_array_index(names, k);
            LpmWwpnUser *user = add_user(
                owner, LPM_WWPN_LOGIN, wwpn_of(text), text,
                lpm_node_origin(port, LPM_FCPORT_LOGGED_IN));

            user->port = g_strdup(lpm_node_key(port));
            user->login = LPM_WWPN_LOGGED_IN;
        }
        add_targets(owner, port, LPM_FCPORT_TARGETS);
    }
    return ports != NULL;
}

void lpm_wwpn_users_add(LpmWwpnUsers *users, const LpmNode *system,
                        const char *source)
{
    const GPtrArray *servers = lpm_node_items(system, LPM_SYSTEM_IOSERVERS);
    const GPtrArray *partitions = lpm_node_items(system, LPM_SYSTEM_PARTITIONS);
    const LpmValue *qemu = lpm_node_get(system, LPM_SYSTEM_QEMU);
    gboolean has_ports = FALSE;
    const Owner host = {
        .users = users, .source = source,
        .system = lpm_node_key(system),
    };

    users->reports++;
    for (guint i = 0; partitions != NULL && i < partitions->len; i++) {
        add_partition(&host, system, g_ptr_array_index(partitions, i));
    }
    for (guint i = 0; servers != NULL && i < servers->len; i++) {
        has_ports |= add_ports(&host, g_ptr_array_index(servers, i));
    }
    if (qemu != NULL) {
        add_qemu(&host, qemu->sub);
    }
    if (partitions == NULL && qemu == NULL && !has_ports) {
        add_gap(&host, "partitions and fc-ports: not given");
    }
}

/* Not given sorts first. */
static int compare_users(gconstpointer a, gconstpointer b)
{
    const LpmWwpnUser *x = *(LpmWwpnUser *const *)a;
    const LpmWwpnUser *y = *(LpmWwpnUser *const *)b;
    int by_text = strcmp(x->text, y->text);
    int by_kind = (int)x->kind - (int)y->kind;
    int by_system = g_strcmp0(x->system, y->system);
    int by_partition = g_strcmp0(x->partition, y->partition);
    int by_report = x->report < y->report ? -1 : x->report > y->report;

    return by_text != 0 ? by_text : by_kind != 0 ? by_kind :
           by_system != 0 ? by_system : by_partition != 0 ? by_partition :
           by_report != 0 ? by_report : g_strcmp0(x->adapter, y->adapter);
}

static gboolean is_known_and_equal(const char *a, const char *b)
{
    return a != NULL && b != NULL && g_str_equal(a, b);
}

static gboolean is_known_and_other(const char *a, const char *b)
{
    return a != NULL && b != NULL && !g_str_equal(a, b);
}

/* Where the users of the WWPN at @first end. */
static guint group_end(const GPtrArray *all, guint first)
{
    const LpmWwpnUser *user = g_ptr_array_index(all, first);
    guint end = first + 1;

    while (end < all->len &&
           g_str_equal(((LpmWwpnUser *)g_ptr_array_index(all, end))->text,
                       user->text)) {
        end++;
    }
    return end;
}

/*
 * A login at the system of an adapter is that adapter's.  Of a QEMU nobody
 * tells the system, but it tells itself what it has not logged in.
 */
static void join(LpmWwpnUser *adapter, LpmWwpnUser *login)
{
    if (adapter->kind == LPM_WWPN_ADAPTER && login->kind == LPM_WWPN_LOGIN &&
        !is_known_and_other(adapter->system, login->system) &&
        (adapter->system != NULL || adapter->login != LPM_WWPN_LOGGED_OUT)) {
        adapter->login = LPM_WWPN_LOGGED_IN;
        if (adapter->port == NULL) {
            adapter->port = g_strdup(login->port);
        }
        login->joined = TRUE;
    }
}

void lpm_wwpn_users_settle(LpmWwpnUsers *users)
{
    GPtrArray *all = users->all;

    g_ptr_array_sort(all, compare_users);
    for (guint i = 0, end; i < all->len; i = end) {
        end = group_end(all, i);
        for (guint a = i; a < MIN(end, i + NEIGHBOURS); a++) {
            for (guint b = a + 1; b < end; b++) {
                join(g_ptr_array_index(all, a), g_ptr_array_index(all, b));
            }
        }
    }
}

typedef enum Same {
    SAME,
    OTHER,
    CANNOT_TELL,
} Same;

static Same same_partition(const LpmWwpnUser *a, const LpmWwpnUser *b)
{
    if (a->report == b->report) {
        return g_strcmp0(a->partition, b->partition) == 0 ? SAME : OTHER;
    }
    if (a->uuid != NULL && b->uuid != NULL) {
        return g_ascii_strcasecmp(a->uuid, b->uuid) == 0 ? SAME : OTHER;
    }
    if (is_known_and_other(a->partition, b->partition)) {
        return OTHER;
    }
    /* one name, or a name that nobody told */
    return a->moves || b->moves ||
           (is_known_and_equal(a->partition, b->partition) &&
            is_known_and_equal(a->system, b->system)) ? SAME : CANNOT_TELL;
}

/* Two that are logged in: a QEMU's monitor is that of one QEMU. */
static gboolean are_apart(const LpmWwpnUser *a, const LpmWwpnUser *b)
{
    return is_known_and_other(a->system, b->system) ||
           (a->system == NULL && b->system == NULL &&
            !g_str_equal(a->source, b->source));
}

#define NEW_PAIR  "give one of them a pair of its own: lpm wwpn new --avoid " \
                  "WHERE"

static const LpmWwpnProblem no_wwpn = {
    TRUE, "it is no WWPN",
    "write 16 hexadecimal digits that are not all 0",
};
static const LpmWwpnProblem no_port = {
    TRUE, "no port can have it", "make another one: lpm wwpn new",
};
static const LpmWwpnProblem two_partitions = {
    TRUE, "two partitions have it", NEW_PAIR,
};
static const LpmWwpnProblem two_adapters = {
    TRUE, "two adapters have it", NEW_PAIR,
};
static const LpmWwpnProblem one_for_both = {
    TRUE, "it is both WWPNs of an adapter",
    "give the adapter two that differ, a move needs both: lpm wwpn new",
};
static const LpmWwpnProblem two_pairs = {
    TRUE, "it is in two pairs",
    "give the adapter the same wwpn and wwpn2 everywhere",
};
static const LpmWwpnProblem two_systems = {
    TRUE, "it is logged in at two systems",
    "log it out where the partition does not run",
};
static const LpmWwpnProblem two_ports = {
    TRUE, "it is logged in at two ports of a system",
    "log it out at the port that the partition does not use",
};
static const LpmWwpnProblem also_target = {
    TRUE, "a target has it, too",
    "give the adapter another pair: lpm wwpn new --avoid WHERE",
};
static const LpmWwpnProblem maybe_two_partitions = {
    FALSE, "no UUID tells whether this is one partition",
    "let both sources tell the UUID, or say in \"moves\" that it moves",
};
static const LpmWwpnProblem maybe_two_systems = {
    FALSE, "no name tells whether this is one system",
    "give the systems their names",
};
static const LpmWwpnProblem no_adapter = {
    FALSE, "no source tells of an adapter where it is logged in",
    "name a source that tells of the guests of that system, too; or log it "
    "out there",
};

/* Each judge returns what is not fine, or NULL. */
static const LpmWwpnProblem *judge_adapters(const LpmWwpnUser *a,
                                            const LpmWwpnUser *b)
{
    Same same = same_partition(a, b);

    if (same == OTHER) {
        return &two_partitions;
    }
    if (a->report == b->report) {
        return a->which != b->which &&
               g_strcmp0(a->adapter, b->adapter) == 0 ? &one_for_both :
                                                        &two_adapters;
    }
    if (a->which != b->which || is_known_and_other(a->pair, b->pair)) {
        return &two_pairs;
    }
    if (a->login == LPM_WWPN_LOGGED_IN && b->login == LPM_WWPN_LOGGED_IN &&
        are_apart(a, b)) {
        return &two_systems;
    }
    return same == CANNOT_TELL ? &maybe_two_partitions : NULL;
}

static const LpmWwpnProblem *judge_logins(const LpmWwpnUser *a,
                                          const LpmWwpnUser *b)
{
    if (is_known_and_other(a->system, b->system)) {
        return &two_systems;
    }
    if (g_strcmp0(a->port, b->port) == 0) {
        return NULL;
    }
    return is_known_and_equal(a->system, b->system) ||
           a->report == b->report ? &two_ports : &maybe_two_systems;
}

static const LpmWwpnProblem *judge_login(const LpmWwpnUser *adapter,
                                         const LpmWwpnUser *login)
{
    if (login->joined) {
        return NULL;
    }
    if (adapter->login == LPM_WWPN_LOGGED_IN) {
        return &two_systems;
    }
    return adapter->moves ? NULL : &no_adapter;
}

static const LpmWwpnProblem *judge(const LpmWwpnUser *a,
                                   const LpmWwpnUser *b)
{
    if (a->kind == LPM_WWPN_TARGET || b->kind == LPM_WWPN_TARGET) {
        return a->kind == b->kind ? NULL : &also_target;
    }
    if (a->kind != b->kind) {
        return a->kind == LPM_WWPN_ADAPTER ? judge_login(a, b) :
                                             judge_login(b, a);
    }
    return a->kind == LPM_WWPN_ADAPTER ? judge_adapters(a, b) :
                                         judge_logins(a, b);
}

static void add_finding(GPtrArray *findings, const LpmWwpnProblem *problem,
                        const char *detail, const LpmWwpnUser *a,
                        const LpmWwpnUser *b)
{
    LpmWwpnFinding *finding = g_new0(LpmWwpnFinding, 1);

    finding->problem = problem;
    finding->detail = detail;
    finding->a = a;
    finding->b = b;
    g_ptr_array_add(findings, finding);
}

static void check_name(GPtrArray *findings, const LpmWwpnUser *user)
{
    const char *fault = user->wwpn == 0 ? NULL :
                        lpm_vfc_wwpn_fault(user->wwpn);

    if (user->wwpn == 0) {
        add_finding(findings, &no_wwpn, NULL, user, NULL);
    } else if (fault != NULL && user->kind != LPM_WWPN_TARGET) {
        add_finding(findings, &no_port, fault, user, NULL);
    }
}

GPtrArray *lpm_wwpn_users_check(const LpmWwpnUsers *users)
{
    GPtrArray *findings = g_ptr_array_new_with_free_func(g_free);
    const GPtrArray *all = users->all;

    for (guint i = 0; i < all->len; i++) {
        const LpmWwpnUser *a = g_ptr_array_index(all, i);

        check_name(findings, a);
        for (guint k = i + 1; k < all->len && k <= i + NEIGHBOURS; k++) {
            const LpmWwpnUser *b = g_ptr_array_index(all, k);
            const LpmWwpnProblem *problem;

            if (!g_str_equal(a->text, b->text)) {
                break;
            }
            problem = judge(a, b);
            if (problem != NULL) {
                add_finding(findings, problem, NULL, a, b);
            }
        }
    }
    return findings;
}

GArray *lpm_wwpn_choose(const LpmWwpnUsers *users, const LpmVfcPrefix *prefix,
                        guint count, LpmWwpnRandom random, gpointer opaque,
                        GError **error)
{
    g_autoptr(GArray) chosen = g_array_new(FALSE, FALSE, sizeof(guint64));
    g_autoptr(GHashTable) made = g_hash_table_new_full(
        g_int64_hash, g_int64_equal, g_free, NULL);
    guint64 pairs = lpm_vfc_prefix_pairs(prefix);

    while (chosen->len < count) {
        guint64 first = 0;
        guint64 number;
        guint64 tries;

        if (!random(opaque, &number, error)) {
            return NULL;
        }
        /* each one that is passed by is in use: there are not so many */
        for (tries = 0; tries < pairs; tries++) {
            /* the number of pairs is a power of two */
            first = lpm_vfc_prefix_pair(prefix, (number + tries) &
                                                (pairs - 1));
            if (!lpm_wwpn_users_has(users, first) &&
                !lpm_wwpn_users_has(users, first + 1) &&
                !g_hash_table_contains(made, &first)) {
                break;
            }
        }
        if (tries == pairs) {
            g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT,
                        "of the %" G_GUINT64_FORMAT " pairs with that prefix "
                        "%u are free, wanted %u; take a shorter prefix or "
                        "another one", pairs, chosen->len, count);
            return NULL;
        }
        g_array_append_val(chosen, first);
        add_number(made, first);
    }
    return g_steal_pointer(&chosen);
}
