/*
 * Conditions looked at as data: what they need, whether they are well formed
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include "rules/expr.h"

#define DEPTH_MAX  2

typedef enum Kind {
    KIND_NUMBER,
    KIND_TEXT,
    KIND_VERSION,
    KIND_BOOL,
    KIND_STRINGS,
    KIND_LIST,
    KIND_OTHER,
} Kind;

static void collect(const LpmExpr *expr, GPtrArray *found,
                    gboolean (*wanted)(const LpmExpr *expr))
{
    if (wanted(expr) && !g_ptr_array_find(found, expr, NULL)) {
        g_ptr_array_add(found, (gpointer)expr);
    }
    for (gsize i = 0; expr->args != NULL && expr->args[i] != NULL; i++) {
        collect(expr->args[i], found, wanted);
    }
}

static gboolean is_fact(const LpmExpr *expr)
{
    return expr->op == LPM_OP_FACT;
}

GPtrArray *lpm_expr_facts(const LpmExpr *expr)
{
    g_autoptr(GPtrArray) all = g_ptr_array_new();
    GPtrArray *once = g_ptr_array_new();

    collect(expr, all, is_fact);
    for (guint i = 0; i < all->len; i++) {
        const LpmExpr *fact = g_ptr_array_index(all, i);
        gboolean known = FALSE;

        for (guint k = 0; k < once->len && !known; k++) {
            const LpmExpr *other = g_ptr_array_index(once, k);

            known = other->anchor == fact->anchor &&
                    other->field == fact->field;
        }
        if (!known) {
            g_ptr_array_add(once, (gpointer)fact);
        }
    }
    return once;
}

char *lpm_expr_fact_name(const LpmExpr *fact)
{
    const LpmFieldInfo *info = lpm_field_info(fact->field);

    if (fact->anchor == LPM_AT_IT || fact->anchor == LPM_AT_UP) {
        return g_strdup_printf("%s.%s", lpm_record_info(info->record)->name,
                               info->name);
    }
    return g_strdup_printf("%s.%s", lpm_anchor_name(fact->anchor),
                           info->name);
}

static gboolean is_condition(const LpmExpr *expr)
{
    return expr->op < LPM_OP_FACT;
}

#ifdef LPM_MUTATE
GPtrArray *lpm_expr_conditions(const LpmExpr *expr)
{
    GPtrArray *found = g_ptr_array_new();

    collect(expr, found, is_condition);
    return found;
}
#endif

static LpmRecord record_of_anchor(LpmAnchor anchor, const LpmRecord *elements,
                                  guint depth)
{
    switch (anchor) {
    case LPM_AT_SRC:
    case LPM_AT_DST:
        return LPM_RECORD_SYSTEM;
    case LPM_AT_SRC_CONSOLE:
    case LPM_AT_DST_CONSOLE:
        return LPM_RECORD_CONSOLE;
    case LPM_AT_SRC_POOL:
    case LPM_AT_DST_POOL:
        return LPM_RECORD_POOL;
    case LPM_AT_SRC_QEMU:
    case LPM_AT_DST_QEMU:
        return LPM_RECORD_QEMU;
    case LPM_AT_PART:
        return LPM_RECORD_PARTITION;
    case LPM_AT_MOVE:
        return LPM_RECORD_MOVE;
    case LPM_AT_IT:
        return depth >= 1 ? elements[depth - 1] : LPM_RECORD__MAX;
    case LPM_AT_UP:
        return depth >= 2 ? elements[depth - 2] : LPM_RECORD__MAX;
    default:
        return LPM_RECORD__MAX;
    }
}

static Kind kind_of_field(LpmField field)
{
    switch (lpm_field_info(field)->type) {
    case LPM_TYPE_BOOL:
        return KIND_BOOL;
    case LPM_TYPE_UINT:
    case LPM_TYPE_DECIMAL:
    case LPM_TYPE_LEVEL:
        return KIND_NUMBER;
    case LPM_TYPE_STRING:
    case LPM_TYPE_ENUM:
        return KIND_TEXT;
    case LPM_TYPE_VERSION:
        return KIND_VERSION;
    case LPM_TYPE_STRINGS:
        return KIND_STRINGS;
    case LPM_TYPE_LIST:
        return KIND_LIST;
    default:
        return KIND_OTHER;
    }
}

static Kind kind_of(const LpmExpr *expr)
{
    switch (expr->op) {
    case LPM_OP_FACT:
        return kind_of_field(expr->field);
    case LPM_OP_TEXT:
        return KIND_TEXT;
    case LPM_OP_VERSION:
        return KIND_VERSION;
    default:
        return is_condition(expr) ? KIND_OTHER : KIND_NUMBER;
    }
}

static guint n_args(const LpmExpr *expr)
{
    guint n = 0;

    while (expr->args != NULL && expr->args[n] != NULL) {
        n++;
    }
    return n;
}

/* A word that no value of the ENUM can be is a condition that never holds. */
static gboolean words_fit(const LpmExpr *fact, const char *words)
{
    g_auto(GStrv) list = g_strsplit(words, " ", -1);

    if (fact->op != LPM_OP_FACT ||
        lpm_field_info(fact->field)->type != LPM_TYPE_ENUM) {
        return TRUE;
    }
    for (gsize i = 0; list[i] != NULL; i++) {
        if (!lpm_field_takes_word(fact->field, list[i])) {
            return FALSE;
        }
    }
    return TRUE;
}

static const char *operands_fault(const LpmExpr *expr)
{
    Kind a = n_args(expr) > 0 ? kind_of(expr->args[0]) : KIND_OTHER;
    Kind b = n_args(expr) > 1 ? kind_of(expr->args[1]) : KIND_OTHER;

    switch (expr->op) {
    case LPM_OP_IS:
        return a == KIND_BOOL ? NULL : "IS() wants a bool fact";
    case LPM_OP_KNOWN:
    case LPM_OP_GIVEN:
        return is_fact(expr->args[0]) ? NULL :
               "KNOWN() and GIVEN() want a fact";
    case LPM_OP_EQ:
    case LPM_OP_NE:
        if ((expr->args[1]->op == LPM_OP_TEXT &&
             !words_fit(expr->args[0], expr->args[1]->text))) {
            return "a word that the fact never is";
        }
        if (a == KIND_STRINGS && b == KIND_STRINGS) {
            return NULL;
        }
        /* fall through */
    case LPM_OP_LT:
    case LPM_OP_LE:
    case LPM_OP_GT:
    case LPM_OP_GE:
        if (a == KIND_BOOL && b == KIND_BOOL) {
            return NULL;
        }
        return a == b && a <= KIND_VERSION ? NULL :
               "a comparison wants two numbers, texts or versions";
    case LPM_OP_IN:
        return a == KIND_TEXT && words_fit(expr->args[0], expr->text) ?
               NULL : "IN() wants a text fact, and words that it can be";
    case LPM_OP_PREFIX:
        return a == KIND_TEXT && expr->text[0] != '\0' ? NULL :
               "PREFIX() wants a text fact, and words";
    case LPM_OP_HAS:
        return a == KIND_STRINGS && b == KIND_TEXT ? NULL :
               "HAS() wants strings and a text";
    case LPM_OP_SUBSET:
    case LPM_OP_DISJOINT:
        return a == KIND_STRINGS && b == KIND_STRINGS ? NULL :
               "wanted two facts of type strings";
    case LPM_OP_EMPTY:
    case LPM_OP_LENGTH:
        return a == KIND_LIST || a == KIND_STRINGS ? NULL :
               "wanted a list or strings";
    case LPM_OP_EACH:
    case LPM_OP_SOME:
    case LPM_OP_COUNT:
        return a == KIND_LIST && is_condition(expr->args[1]) ? NULL :
               "wanted a list and a condition";
    case LPM_OP_SUM:
    case LPM_OP_MOST:
        return a == KIND_LIST && b == KIND_NUMBER ? NULL :
               "wanted a list and a number";
    case LPM_OP_ADD:
    case LPM_OP_SUB:
    case LPM_OP_MUL:
    case LPM_OP_DIV:
        return a == KIND_NUMBER && b == KIND_NUMBER ? NULL :
               "wanted two numbers";
    case LPM_OP_NOT:
    case LPM_OP_AND:
    case LPM_OP_OR:
    case LPM_OP_IF:
        for (guint i = 0; i < n_args(expr); i++) {
            if (!is_condition(expr->args[i])) {
                return "wanted conditions";
            }
        }
        return NULL;
    default:
        return NULL;
    }
}

static guint wanted_args(LpmOp op)
{
    switch (op) {
    case LPM_OP_IS:
    case LPM_OP_KNOWN:
    case LPM_OP_GIVEN:
    case LPM_OP_NOT:
    case LPM_OP_IN:
    case LPM_OP_PREFIX:
    case LPM_OP_EMPTY:
    case LPM_OP_LENGTH:
        return 1;
    case LPM_OP_FACT:
    case LPM_OP_NUMBER:
    case LPM_OP_TEXT:
    case LPM_OP_VERSION:
        return 0;
    case LPM_OP_AND:
    case LPM_OP_OR:
    case LPM_OP_CALL:
        return G_MAXUINT;
    default:
        return 2;
    }
}

static char *check(const LpmExpr *expr, const LpmRecord *elements,
                   guint depth)
{
    LpmRecord inner[DEPTH_MAX] = { LPM_RECORD__MAX, LPM_RECORD__MAX };
    guint wanted = wanted_args(expr->op);
    LpmVersion version;
    const char *fault;

    for (guint i = 0; i < depth; i++) {
        inner[i] = elements[i];
    }
    if (wanted != G_MAXUINT && wanted != n_args(expr)) {
        return g_strdup_printf("operator %d has %u operands", expr->op,
                               n_args(expr));
    }
    if (expr->op == LPM_OP_FACT &&
        record_of_anchor(expr->anchor, elements, depth) !=
        lpm_field_info(expr->field)->record) {
        g_autofree char *name = lpm_expr_fact_name(expr);

        return g_strdup_printf("%s has no such record there", name);
    }
    if (expr->op == LPM_OP_VERSION &&
        !lpm_version_parse(expr->text, &version)) {
        return g_strdup_printf("'%s' is no version", expr->text);
    }
    fault = operands_fault(expr);
    if (fault != NULL) {
        return g_strdup(fault);
    }
    for (guint i = 0; i < n_args(expr); i++) {
        guint below = depth;
        char *text;

        if (i == 1 && (expr->op == LPM_OP_EACH || expr->op == LPM_OP_SOME ||
                       expr->op == LPM_OP_COUNT || expr->op == LPM_OP_SUM ||
                       expr->op == LPM_OP_MOST)) {
            if (depth == DEPTH_MAX) {
                return g_strdup("lists within lists within lists");
            }
            inner[below++] = lpm_field_info(expr->args[0]->field)->sub;
        }
        text = check(expr->args[i], inner, below);
        if (text != NULL) {
            return text;
        }
    }
    return NULL;
}

char *lpm_expr_check(const LpmExpr *expr)
{
    if (!is_condition(expr)) {
        return g_strdup("not a condition");
    }
    return check(expr, NULL, 0);
}
