/*
 * Evaluation of conditions
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <stdarg.h>
#include <string.h>

#include "rules/expr.h"

#define DEPTH_MAX  2    /* lists within lists: IT and UP */

/* Where in the lists an evaluation is. */
typedef struct Place {
    const LpmNode *elements[DEPTH_MAX];     /* outermost first */
    const LpmExpr *lists[DEPTH_MAX];
    guint depth;
} Place;

/*
 * What was looked at.  Most evaluations end in a pass that nobody reads
 * about, so texts are made at the end, and only of what is shown.
 */
typedef struct Seen {
    const LpmExpr *fact;    /* NULL: only text */
    const LpmNode *node;    /* that has it; NULL: there is none */
    Place place;
    char *text;             /* owned */
} Seen;

struct LpmEval {
    const LpmFacts *facts;
    Place place;
    const LpmExpr *call;    /* for lpm_eval_fact() */
    GArray *seen;           /* Seen; NULL: nobody will read of it */
    Seen missing;           /* the first absent fact, or with neither */
};

/* A list of a thousand adapters is not shown one by one. */
#define SEEN_MAX   4096
#define SHOWN_MAX  24

/* A value of an operand; kind NONE is an absent fact. */
typedef struct Operand {
    enum { NONE, NUMBER, TEXT, VERSION, ITEMS } kind;
    gint64 number;
    const char *text;
    LpmVersion version;
    const GPtrArray *items;
} Operand;

static LpmTruth eval_condition(LpmEval *eval, const LpmExpr *expr);

#ifdef LPM_MUTATE
const LpmExpr *lpm_expr_mutant;
#endif

const char *lpm_anchor_name(LpmAnchor anchor)
{
    static const char *const names[] = {
        [LPM_AT_NONE] = "",
        [LPM_AT_SRC] = "source",
        [LPM_AT_DST] = "destination",
        [LPM_AT_SRC_CONSOLE] = "source.console",
        [LPM_AT_DST_CONSOLE] = "destination.console",
        [LPM_AT_SRC_POOL] = "source.shared-memory-pool",
        [LPM_AT_DST_POOL] = "destination.shared-memory-pool",
        [LPM_AT_SRC_QEMU] = "source.qemu",
        [LPM_AT_DST_QEMU] = "destination.qemu",
        [LPM_AT_PART] = "partition",
        [LPM_AT_MOVE] = "move",
        [LPM_AT_IT] = "",
        [LPM_AT_UP] = "",
    };
    G_STATIC_ASSERT(G_N_ELEMENTS(names) == LPM_AT__MAX);

    return names[anchor];
}

static const LpmNode *sub_of(const LpmNode *node, LpmField field)
{
    const LpmValue *value = lpm_node_get(node, field);

    return value != NULL ? value->sub : NULL;
}

/* The record that an anchor stands for, or NULL if there is none. */
static const LpmNode *node_of(const LpmEval *eval, LpmAnchor anchor)
{
    const LpmNode *source = lpm_facts_system(eval->facts, LPM_SIDE_SOURCE);
    const LpmNode *destination = lpm_facts_system(eval->facts,
                                                  LPM_SIDE_DESTINATION);

    switch (anchor) {
    case LPM_AT_SRC:
        return source;
    case LPM_AT_DST:
        return destination;
    case LPM_AT_SRC_CONSOLE:
        return sub_of(source, LPM_SYSTEM_CONSOLE);
    case LPM_AT_DST_CONSOLE:
        return sub_of(destination, LPM_SYSTEM_CONSOLE);
    case LPM_AT_SRC_POOL:
        return sub_of(source, LPM_SYSTEM_POOL);
    case LPM_AT_DST_POOL:
        return sub_of(destination, LPM_SYSTEM_POOL);
    case LPM_AT_SRC_QEMU:
        return sub_of(source, LPM_SYSTEM_QEMU);
    case LPM_AT_DST_QEMU:
        return sub_of(destination, LPM_SYSTEM_QEMU);
    case LPM_AT_PART:
        return lpm_facts_partition(eval->facts);
    case LPM_AT_MOVE:
        return lpm_facts_move(eval->facts);
    case LPM_AT_IT:
        g_assert(eval->place.depth >= 1);
        return eval->place.elements[eval->place.depth - 1];
    case LPM_AT_UP:
        g_assert(eval->place.depth >= 2);
        return eval->place.elements[eval->place.depth - 2];
    default:
        g_assert_not_reached();
    }
}

/* "partition.disks[hdisk0].volume" */
static void add_path(const Place *place, GString *text, const LpmExpr *fact)
{
    guint at = place->depth;

    if (fact->anchor == LPM_AT_IT || fact->anchor == LPM_AT_UP) {
        const char *key;

        at -= fact->anchor == LPM_AT_IT ? 1 : 2;
        if (place->lists[at]->anchor == LPM_AT_IT ||
            place->lists[at]->anchor == LPM_AT_UP) {
            /* A list in an element: its own path begins there */
            Place outer = *place;

            outer.depth = at;
            add_path(&outer, text, place->lists[at]);
        } else {
            g_string_append(text, lpm_anchor_name(place->lists[at]->anchor));
            g_string_append_c(text, '.');
            g_string_append(text,
                            lpm_field_info(place->lists[at]->field)->name);
        }
        key = lpm_node_key(place->elements[at]);
        g_string_append_c(text, '[');
        g_string_append(text, key != NULL ? key : "");
        g_string_append_c(text, ']');
    } else {
        g_string_append(text, lpm_anchor_name(fact->anchor));
    }
    g_string_append_c(text, '.');
    g_string_append(text, lpm_field_info(fact->field)->name);
}

static void clear_seen(gpointer seen)
{
    g_free(((Seen *)seen)->text);
}

static Seen seen_now(const LpmEval *eval, const LpmExpr *fact,
                     const LpmNode *node)
{
    return (Seen) { .fact = fact, .node = node, .place = eval->place };
}

static gboolean is_set(const Seen *seen)
{
    return seen->fact != NULL || seen->text != NULL;
}

static void note_missing(LpmEval *eval, const LpmExpr *fact,
                         const LpmNode *node)
{
    if (!is_set(&eval->missing)) {
        eval->missing = seen_now(eval, fact, node);
    }
}

/* Where what is seen next stands. */
static guint mark_of(const LpmEval *eval)
{
    return eval->seen != NULL ? eval->seen->len : 0;
}

static void add_seen(LpmEval *eval, Seen seen)
{
    if (eval->seen->len < SEEN_MAX) {
        g_array_append_val(eval->seen, seen);
    } else {
        clear_seen(&seen);
    }
}

static void see_fact(LpmEval *eval, const LpmExpr *fact,
                     const LpmNode *node)
{
    if (eval->seen != NULL) {
        add_seen(eval, seen_now(eval, fact, node));
    }
}

void lpm_eval_see(LpmEval *eval, const char *format, ...)
{
    va_list args;

    if (eval->seen == NULL) {
        return;
    }
    va_start(args, format);
    add_seen(eval, (Seen) { .text = g_strdup_vprintf(format, args) });
    va_end(args);
}

void lpm_eval_miss(LpmEval *eval, const char *format, ...)
{
    va_list args;

    if (is_set(&eval->missing)) {
        return;
    }
    va_start(args, format);
    eval->missing.text = g_strdup_vprintf(format, args);
    va_end(args);
}

/* Forgets what was seen from @mark on until @until. */
static void forget(LpmEval *eval, guint mark, guint until)
{
    if (until > mark) {
        g_array_remove_range(eval->seen, mark, until - mark);
    }
}

/* NULL: that it is absent is what was seen. */
static const LpmValue *value_of(const Seen *seen)
{
    return seen->node == NULL ? NULL :
           lpm_node_get(seen->node, seen->fact->field);
}

static char *text_of(const Seen *seen)
{
    g_autofree char *value = NULL;
    GString *text;

    if (seen->fact == NULL) {
        return g_strdup(seen->text);
    }
    text = g_string_new(NULL);
    add_path(&seen->place, text, seen->fact);
    value = value_of(seen) == NULL ? g_strdup("not given") :
            lpm_value_text(seen->fact->field, value_of(seen));
    g_string_append(text, ": ");
    g_string_append(text, value);
    return g_string_free(text, FALSE);
}

/* What was seen, each once. */
static char *seen_text(const GArray *all)
{
    g_autoptr(GHashTable) once = g_hash_table_new_full(g_str_hash,
                                                       g_str_equal, g_free,
                                                       NULL);
    GString *text = g_string_new(NULL);

    for (guint i = 0; i < all->len; i++) {
        char *one = text_of(&g_array_index(all, Seen, i));
        guint n = g_hash_table_size(once);

        if (g_hash_table_contains(once, one)) {
            g_free(one);
        } else if (n == SHOWN_MAX) {
            g_string_append(text, "; and more");
            g_free(one);
            break;
        } else {
            g_string_append(text, n > 0 ? "; " : "");
            g_string_append(text, one);
            g_hash_table_add(once, one);
        }
    }
    return g_string_free(text, FALSE);
}

static char *missing_text(const Seen *missing)
{
    const char *why;
    GString *text;

    if (missing->fact == NULL) {
        return g_strdup(missing->text != NULL ? missing->text :
                        "cannot be worked out from these facts");
    }
    why = missing->node == NULL ? NULL :
          lpm_node_why(missing->node, missing->fact->field);
    text = g_string_new(NULL);
    add_path(&missing->place, text, missing->fact);
    g_string_append_printf(text, ": %s", why != NULL ? why : "not given");
    return g_string_free(text, FALSE);
}

static void free_known(gpointer data)
{
    LpmKnown *known = data;

    g_free(known->path);
    g_free(known->value);
    g_free(known->origin);
    g_free(known);
}

GPtrArray *lpm_known_new(void)
{
    return g_ptr_array_new_with_free_func(free_known);
}

void lpm_known_add(GPtrArray *known, char *path, char *value,
                   const char *origin)
{
    LpmKnown *one = g_new0(LpmKnown, 1);

    one->path = path;
    one->value = value;
    one->origin = g_strdup(origin != NULL ? origin : "");
    g_ptr_array_add(known, one);
}

/* The facts that were seen, each once. */
static GPtrArray *seen_facts(const GArray *all)
{
    g_autoptr(GHashTable) once = g_hash_table_new(g_str_hash, g_str_equal);
    GPtrArray *known = lpm_known_new();

    for (guint i = 0; i < all->len && known->len < LPM_KNOWN_MAX; i++) {
        const Seen *seen = &g_array_index(all, Seen, i);
        GString *path;

        if (seen->fact == NULL || value_of(seen) == NULL) {
            continue;
        }
        path = g_string_new(NULL);
        add_path(&seen->place, path, seen->fact);
        if (g_hash_table_add(once, path->str)) {
            lpm_known_add(known, g_string_free(path, FALSE),
                          lpm_value_text(seen->fact->field, value_of(seen)),
                          lpm_node_origin(seen->node, seen->fact->field));
        } else {
            g_string_free(path, TRUE);
        }
    }
    return known;
}

static const LpmValue *read_fact(LpmEval *eval, const LpmExpr *fact,
                                 gboolean show)
{
    const LpmNode *node = node_of(eval, fact->anchor);
    const LpmValue *value = node != NULL ? lpm_node_get(node, fact->field) :
                                           NULL;

    if (value == NULL) {
        note_missing(eval, fact, node);
    } else if (show) {
        see_fact(eval, fact, node);
    }
    return value;
}

const LpmValue *lpm_eval_fact(LpmEval *eval, guint i)
{
    return read_fact(eval, eval->call->args[i], TRUE);
}

const LpmNode *lpm_eval_element(const LpmEval *eval)
{
    const Place *place = &eval->place;

    return place->depth > 0 ? place->elements[place->depth - 1] : NULL;
}

const LpmFacts *lpm_eval_facts(const LpmEval *eval)
{
    return eval->facts;
}

static Operand operand_of_fact(LpmEval *eval, const LpmExpr *expr)
{
    const LpmValue *value = read_fact(eval, expr, TRUE);

    if (value == NULL) {
        return (Operand) { .kind = NONE };
    }
    switch (lpm_field_info(expr->field)->type) {
    case LPM_TYPE_BOOL:
    case LPM_TYPE_UINT:
    case LPM_TYPE_LEVEL:
        return (Operand) { .kind = NUMBER, .number = value->number * 1000 };
    case LPM_TYPE_DECIMAL:
        return (Operand) { .kind = NUMBER, .number = value->number };
    case LPM_TYPE_STRING:
    case LPM_TYPE_ENUM:
        return (Operand) { .kind = TEXT, .text = value->text };
    case LPM_TYPE_VERSION:
        return (Operand) { .kind = VERSION, .version = value->version };
    case LPM_TYPE_STRINGS:
    case LPM_TYPE_LIST:
        return (Operand) { .kind = ITEMS, .items = value->items };
    default:
        g_assert_not_reached();
    }
}

static Operand number(gint64 thousandths)
{
    return (Operand) { .kind = NUMBER, .number = thousandths };
}

static Operand eval_value(LpmEval *eval, const LpmExpr *expr);

/* Sums stay below 2^63: see LPM_UINT_MAX. */
#define SUM_MAX  (G_MAXINT64 / 2)

static Operand arithmetic(LpmEval *eval, const LpmExpr *expr)
{
    Operand a = eval_value(eval, expr->args[0]);
    Operand b = eval_value(eval, expr->args[1]);
    __int128 result;

    if (a.kind == NONE || b.kind == NONE) {
        return (Operand) { .kind = NONE };
    }
    switch (expr->op) {
    case LPM_OP_ADD:
        result = (__int128)a.number + b.number;
        break;
    case LPM_OP_SUB:
        result = a.number > b.number ? a.number - b.number : 0;
        break;
    case LPM_OP_MUL:
        result = (__int128)a.number * b.number / 1000;
        break;
    default:
        if (b.number == 0) {
            return (Operand) { .kind = NONE };
        }
        result = (__int128)(a.number / b.number) * 1000;
        break;
    }
    return number(result > SUM_MAX ? SUM_MAX : (gint64)result);
}

static void push(LpmEval *eval, const LpmExpr *list)
{
    g_assert(eval->place.depth < DEPTH_MAX);
    eval->place.lists[eval->place.depth++] = list;
}

/* The element at hand. */
static void turn_to(LpmEval *eval, const LpmNode *element)
{
    eval->place.elements[eval->place.depth - 1] = element;
}

/* COUNT, SUM, MOST */
static Operand fold(LpmEval *eval, const LpmExpr *expr)
{
    const LpmValue *list = read_fact(eval, expr->args[0], FALSE);
    gint64 total = 0;
    gboolean unknown = FALSE;

    if (list == NULL) {
        return (Operand) { .kind = NONE };
    }
    push(eval, expr->args[0]);
    for (guint i = 0; i < list->items->len; i++) {
        turn_to(eval, g_ptr_array_index(list->items, i));
        if (expr->op == LPM_OP_COUNT) {
            LpmTruth truth = eval_condition(eval, expr->args[1]);

            unknown |= truth == LPM_UNKNOWN;
            total += truth == LPM_YES ? 1000 : 0;
        } else {
            Operand value = eval_value(eval, expr->args[1]);

            unknown |= value.kind == NONE;
            if (value.kind == NUMBER && expr->op == LPM_OP_SUM) {
                total = MIN(total + value.number, SUM_MAX);
            } else if (value.kind == NUMBER) {
                total = MAX(total, value.number);
            }
        }
    }
    eval->place.depth--;
    return unknown ? (Operand) { .kind = NONE } : number(total);
}

static Operand eval_value(LpmEval *eval, const LpmExpr *expr)
{
    switch (expr->op) {
    case LPM_OP_FACT:
        return operand_of_fact(eval, expr);
    case LPM_OP_NUMBER:
        return number(expr->number);
    case LPM_OP_TEXT:
        return (Operand) { .kind = TEXT, .text = expr->text };
    case LPM_OP_VERSION: {
        Operand value = { .kind = VERSION };

        if (!lpm_version_parse(expr->text, &value.version)) {
            g_assert_not_reached();
        }
        return value;
    }
    case LPM_OP_COUNT:
    case LPM_OP_SUM:
    case LPM_OP_MOST:
        return fold(eval, expr);
    case LPM_OP_LENGTH: {
        const LpmExpr *fact = expr->args[0];
        gboolean plain = lpm_field_info(fact->field)->type ==
                         LPM_TYPE_STRINGS;
        const LpmValue *list = read_fact(eval, fact, plain);

        return list != NULL ? number((gint64)list->items->len * 1000) :
                              (Operand) { .kind = NONE };
    }
    case LPM_OP_ADD:
    case LPM_OP_SUB:
    case LPM_OP_MUL:
    case LPM_OP_DIV:
        return arithmetic(eval, expr);
    default:
        g_assert_not_reached();
    }
}

static LpmTruth truth(gboolean value)
{
    return value ? LPM_YES : LPM_NO;
}

/* Strings are the same in the same order; else only that they differ. */
static int compare_items(const GPtrArray *a, const GPtrArray *b)
{
    int order = a->len < b->len ? -1 : a->len > b->len;

    for (guint i = 0; order == 0 && i < a->len; i++) {
        order = strcmp(g_ptr_array_index(a, i), g_ptr_array_index(b, i));
    }
    return order;
}

static int compare_operands(const Operand *a, const Operand *b)
{
    g_assert(a->kind == b->kind);
    switch (a->kind) {
    case NUMBER:
        return a->number < b->number ? -1 : a->number > b->number;
    case TEXT:
        return strcmp(a->text, b->text);
    case VERSION:
        return lpm_version_compare(&a->version, &b->version);
    case ITEMS:
        return compare_items(a->items, b->items);
    default:
        g_assert_not_reached();
    }
}

static LpmTruth compare(LpmEval *eval, const LpmExpr *expr)
{
    Operand a = eval_value(eval, expr->args[0]);
    Operand b = eval_value(eval, expr->args[1]);
    int order;

    if (a.kind == NONE || b.kind == NONE) {
        return LPM_UNKNOWN;
    }
    order = compare_operands(&a, &b);
    switch (expr->op) {
    case LPM_OP_EQ:
        return truth(order == 0);
    case LPM_OP_NE:
        return truth(order != 0);
    case LPM_OP_LT:
        return truth(order < 0);
    case LPM_OP_LE:
        return truth(order <= 0);
    case LPM_OP_GT:
        return truth(order > 0);
    default:
        return truth(order >= 0);
    }
}

static gboolean holds_string(const GPtrArray *items, const char *text)
{
    for (guint i = 0; i < items->len; i++) {
        if (g_str_equal(g_ptr_array_index(items, i), text)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Whether @word is one of @words, which spaces separate. */
static gboolean has_word(const char *words, const char *word)
{
    gsize len = strlen(word);

    for (const char *at = words; at != NULL; at = strchr(at, ' ')) {
        at += *at == ' ';
        if (strncmp(at, word, len) == 0 &&
            (at[len] == ' ' || at[len] == '\0')) {
            return len > 0;
        }
    }
    return FALSE;
}

/* Whether @text begins with one of @words. */
static gboolean begins_with_word(const char *words, const char *text)
{
    for (const char *at = words; at != NULL; at = strchr(at, ' ')) {
        gsize len;

        at += *at == ' ';
        len = strcspn(at, " ");
        if (len > 0 && strncmp(at, text, len) == 0) {
            return TRUE;
        }
    }
    return FALSE;
}

/* IN, PREFIX */
static LpmTruth words(LpmEval *eval, const LpmExpr *expr)
{
    Operand a = eval_value(eval, expr->args[0]);

    if (a.kind == NONE) {
        return LPM_UNKNOWN;
    }
    return truth(expr->op == LPM_OP_IN ? has_word(expr->text, a.text) :
                                         begins_with_word(expr->text, a.text));
}

/* HAS, SUBSET, DISJOINT */
static LpmTruth sets(LpmEval *eval, const LpmExpr *expr)
{
    Operand a = eval_value(eval, expr->args[0]);
    Operand b = eval_value(eval, expr->args[1]);

    if (a.kind == NONE || b.kind == NONE) {
        return LPM_UNKNOWN;
    }
    if (expr->op == LPM_OP_HAS) {
        return truth(holds_string(a.items, b.text));
    }
    for (guint i = 0; i < a.items->len; i++) {
        if (holds_string(b.items, g_ptr_array_index(a.items, i)) !=
            (expr->op == LPM_OP_SUBSET)) {
            return LPM_NO;
        }
    }
    return LPM_YES;
}

/*
 * AND, OR: the operands in turn, until one settles it.  What does not settle
 * it is not shown: of an OR that is true only the operand that is.
 */
static LpmTruth junction(LpmEval *eval, const LpmExpr *expr)
{
    LpmTruth settles = expr->op == LPM_OP_AND ? LPM_NO : LPM_YES;
    LpmTruth result = expr->op == LPM_OP_AND ? LPM_YES : LPM_NO;
    guint mark = mark_of(eval);

    for (gsize i = 0; expr->args[i] != NULL; i++) {
        guint before = mark_of(eval);
        LpmTruth one = eval_condition(eval, expr->args[i]);

        if (one == settles) {
            forget(eval, mark, before);
            return settles;
        }
        if (one == LPM_UNKNOWN) {
            result = LPM_UNKNOWN;
        }
    }
    return result;
}

/* EACH, SOME: shows the elements that settle it. */
static LpmTruth quantifier(LpmEval *eval, const LpmExpr *expr)
{
    const LpmValue *list = read_fact(eval, expr->args[0], FALSE);
    LpmTruth settles = expr->op == LPM_OP_EACH ? LPM_NO : LPM_YES;
    LpmTruth result = expr->op == LPM_OP_EACH ? LPM_YES : LPM_NO;
    guint mark = mark_of(eval);

    if (list == NULL) {
        return LPM_UNKNOWN;
    }
    if (list->items->len == 0) {
        see_fact(eval, expr->args[0],
                 node_of(eval, expr->args[0]->anchor));
    }
    push(eval, expr->args[0]);
    for (guint i = 0; i < list->items->len; i++) {
        guint before = mark_of(eval);
        LpmTruth one;

        turn_to(eval, g_ptr_array_index(list->items, i));
        one = eval_condition(eval, expr->args[1]);
        if (one == settles) {
            if (result != settles) {
                forget(eval, mark, before);
            }
            result = settles;
        } else if (result == settles) {
            forget(eval, before, mark_of(eval));
        } else if (one == LPM_UNKNOWN) {
            result = LPM_UNKNOWN;
        }
    }
    eval->place.depth--;
    return result;
}

static LpmTruth negate(LpmTruth value)
{
    return value == LPM_UNKNOWN ? value : truth(value == LPM_NO);
}

static LpmTruth implies(LpmEval *eval, const LpmExpr *expr)
{
    LpmTruth condition = eval_condition(eval, expr->args[0]);
    LpmTruth then;

    if (condition == LPM_NO) {
        return LPM_YES;
    }
    then = eval_condition(eval, expr->args[1]);
    if (then == LPM_YES || condition == LPM_YES) {
        return then;
    }
    return LPM_UNKNOWN;
}

static LpmTruth call(LpmEval *eval, const LpmExpr *expr)
{
    const LpmExpr *outer = eval->call;
    LpmTruth result;

    eval->call = expr;
    result = expr->call(eval);
    eval->call = outer;
    return result;
}

static LpmTruth eval_plain(LpmEval *eval, const LpmExpr *expr)
{
    switch (expr->op) {
    case LPM_OP_IS: {
        const LpmValue *value = read_fact(eval, expr->args[0], TRUE);

        return value != NULL ? truth(value->number != 0) : LPM_UNKNOWN;
    }
    case LPM_OP_KNOWN: {
        const LpmExpr *fact = expr->args[0];
        const LpmNode *node = node_of(eval, fact->anchor);
        gboolean known = node != NULL &&
                         lpm_node_get(node, fact->field) != NULL;

        if (!known) {
            see_fact(eval, fact, node);
        }
        return truth(known);
    }
    case LPM_OP_GIVEN:
        return read_fact(eval, expr->args[0], FALSE) != NULL ? LPM_YES :
                                                               LPM_UNKNOWN;
    case LPM_OP_NOT:
        return negate(eval_condition(eval, expr->args[0]));
    case LPM_OP_AND:
    case LPM_OP_OR:
        return junction(eval, expr);
    case LPM_OP_IF:
        return implies(eval, expr);
    case LPM_OP_EQ:
    case LPM_OP_NE:
    case LPM_OP_LT:
    case LPM_OP_LE:
    case LPM_OP_GT:
    case LPM_OP_GE:
        return compare(eval, expr);
    case LPM_OP_IN:
    case LPM_OP_PREFIX:
        return words(eval, expr);
    case LPM_OP_HAS:
    case LPM_OP_SUBSET:
    case LPM_OP_DISJOINT:
        return sets(eval, expr);
    case LPM_OP_EMPTY: {
        const LpmValue *list = read_fact(eval, expr->args[0], TRUE);

        return list != NULL ? truth(list->items->len == 0) : LPM_UNKNOWN;
    }
    case LPM_OP_EACH:
    case LPM_OP_SOME:
        return quantifier(eval, expr);
    case LPM_OP_CALL:
        return call(eval, expr);
    default:
        g_assert_not_reached();
    }
}

static LpmTruth eval_condition(LpmEval *eval, const LpmExpr *expr)
{
    LpmTruth result = eval_plain(eval, expr);

#ifdef LPM_MUTATE
    if (expr == lpm_expr_mutant) {
        return negate(result);
    }
#endif
    return result;
}

/*
 * Evaluates for the first time without notes of what is seen, which most
 * evaluations need not, and once more with them if they are to be shown.
 */
LpmFound lpm_expr_eval(const LpmExpr *expr, const LpmFacts *facts,
                       guint want)
{
    static const guint shown[] = {
        [LPM_NO] = LPM_WANT_FAILS,
        [LPM_YES] = LPM_WANT_PASSES,
        [LPM_UNKNOWN] = 0,
    };
    g_autoptr(GArray) seen = NULL;
    LpmEval eval = { .facts = facts };
    LpmFound found = { .truth = eval_condition(&eval, expr) };

    if (found.truth == LPM_UNKNOWN) {
        found.absent = eval.missing.fact;
        found.missing = missing_text(&eval.missing);
    }
    clear_seen(&eval.missing);
    if ((want & (shown[found.truth] | LPM_WANT_FACTS)) == 0) {
        return found;
    }
    seen = g_array_new(FALSE, FALSE, sizeof(Seen));
    g_array_set_clear_func(seen, clear_seen);
    eval = (LpmEval) { .facts = facts, .seen = seen };
    eval_condition(&eval, expr);
    clear_seen(&eval.missing);
    if ((want & shown[found.truth]) != 0) {
        found.seen = seen_text(seen);
    }
    if ((want & LPM_WANT_FACTS) != 0) {
        found.facts = seen_facts(seen);
    }
    return found;
}

void lpm_found_clear(LpmFound *found)
{
    g_clear_pointer(&found->seen, g_free);
    g_clear_pointer(&found->missing, g_free);
    g_clear_pointer(&found->facts, g_ptr_array_unref);
}
