/*
 * XML as libvirt writes it: read with bounds, changed, written
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "error/lpm-error.h"
#include "facts/library.h"
#include "facts/xml.h"

LpmXmlCalls lpm_xml;

static gboolean load(GError **error)
{
#define CALL(name)  { "xml" #name, G_STRUCT_OFFSET(LpmXmlCalls, name) },
    static const LpmLibraryCall calls[] = {
        LPM_XML_CALLS(CALL) CALL(Free) { NULL },
    };
#undef CALL

    return lpm_xml.Free != NULL ||
           lpm_library_load(LIBXML_VERSION >= 21400 ? "libxml2.so.16" :
                                                      "libxml2.so.2",
                            "libxml2", calls, &lpm_xml, error);
}

static gboolean limit(GError **error, const char *title, const char *what)
{
    g_set_error(error, LPM_ERROR, LPM_ERROR_LIMIT, "%s: %s", title, what);
    return FALSE;
}

static gboolean scan(const char *title, const char *xml, gsize len,
                     GError **error)
{
    guint tags = 0;

    if (len > LPM_XML_MAX) {
        return limit(error, title, "an XML document of more than 4 MiB");
    }
    for (const char *p = strchr(xml, '<'); p != NULL; p = strchr(p + 1, '<')) {
        if (++tags > LPM_XML_TAGS_MAX) {
            return limit(error, title,
                         "an XML document of more than 400000 tags");
        }
    }
    if (!g_utf8_validate(xml, len, NULL) ||
        strstr(xml, "<!DOCTYPE") != NULL) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s: no UTF-8, or with a DOCTYPE, which libvirt never "
                    "sends", title);
        return FALSE;
    }
    return TRUE;
}

xmlDoc *lpm_xml_parse(const char *title, const char *xml, const char *root,
                      GError **error)
{
    gsize len = strlen(xml);
    g_autoptr(LpmXmlDoc) doc = NULL;
    const xmlNode *top;

    if (!scan(title, xml, len, error) || !load(error)) {
        return NULL;
    }
    /* The encoding is ours, so that none that is declared hides anything. */
    doc = lpm_xml.ReadMemory(xml, (int)len, NULL, "UTF-8",
                             XML_PARSE_NONET | XML_PARSE_NOERROR |
                             XML_PARSE_NOWARNING | XML_PARSE_NOBLANKS);
    top = doc != NULL ? lpm_xml.DocGetRootElement(doc) : NULL;
    if (top == NULL || doc->intSubset != NULL ||
        strcmp((const char *)top->name, root) != 0) {
        g_set_error(error, LPM_ERROR, LPM_ERROR_MALFORMED,
                    "%s is no XML document <%s>", title, root);
        return NULL;
    }
    return g_steal_pointer(&doc);
}

void lpm_xml_free(xmlDoc *doc)
{
    if (doc != NULL) {
        lpm_xml.FreeDoc(doc);
    }
}

gboolean lpm_xml_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE &&
           strcmp((const char *)node->name, name) == 0;
}

gboolean lpm_xml_is_of(const xmlNode *node, const char *name,
                       const char *href)
{
    return lpm_xml_is(node, name) && node->ns != NULL &&
           strcmp((const char *)node->ns->href, href) == 0;
}

xmlNode *lpm_xml_child(const xmlNode *node, const char *name)
{
    xmlNode *child = node != NULL ? node->children : NULL;

    while (child != NULL && !lpm_xml_is(child, name)) {
        child = child->next;
    }
    return child;
}

static char *bounded(xmlChar *value)
{
    char *text = NULL;

    if (value != NULL && strlen((const char *)value) <= LPM_XML_TEXT_MAX) {
        text = g_strdup((const char *)value);
    }
    (*lpm_xml.Free)(value);
    return text;
}

char *lpm_xml_attr(const xmlNode *node, const char *name)
{
    return node == NULL ? NULL :
           bounded(lpm_xml.GetNoNsProp((xmlNode *)node,
                                       (const xmlChar *)name));
}

char *lpm_xml_content(const xmlNode *node)
{
    char *text = node == NULL ? NULL :
                 bounded(lpm_xml.NodeGetContent((xmlNode *)node));

    return text != NULL ? g_strstrip(text) : NULL;
}

char *lpm_xml_text(xmlDoc *doc)
{
    xmlChar *text = NULL;
    int len = 0;
    char *copy;

    lpm_xml.DocDumpFormatMemoryEnc(doc, &text, &len, "UTF-8", 1);
    copy = g_strndup((const char *)text, len > 0 ? (gsize)len : 0);
    (*lpm_xml.Free)(text);
    return copy;
}
