/*
 * What a libvirt daemon sends: any bytes as an XML document of any kind
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reading twice must give the same; a record that is made must be whole:
 * every value has an origin.
 */
#include <stdint.h>
#include <string.h>

#include "facts/gather-libvirt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(gboolean what)
{
    if (!what) {
        __builtin_trap();
    }
}

static void check(const LpmNode *node)
{
    const LpmRecordInfo *info = lpm_record_info(lpm_node_record(node));

    for (guint i = 0; i < info->n_fields; i++) {
        LpmField field = (LpmField)(info->first + i);
        const LpmValue *value = lpm_node_get(node, field);
        LpmType type = lpm_field_info(field)->type;

        if (value == NULL) {
            continue;
        }
        must(lpm_node_origin(node, field) != NULL);
        if (value->text != NULL) {
            must(g_utf8_validate(value->text, -1, NULL));
        }
        if (type == LPM_TYPE_UINT) {
            must(value->number >= 0 && value->number <= LPM_UINT_MAX);
        } else if (type == LPM_TYPE_ENUM) {
            must(lpm_field_takes_word(field, value->text));
        } else if (type == LPM_TYPE_LIST) {
            for (guint k = 0; k < value->items->len; k++) {
                must(lpm_node_key(g_ptr_array_index(value->items, k)) !=
                     NULL);
                check(g_ptr_array_index(value->items, k));
            }
        } else if (type == LPM_TYPE_SUB) {
            check(value->sub);
        }
    }
}

static LpmLibvirtRaw *raw_of(const char *text, size_t size)
{
    LpmLibvirtRaw *raw = lpm_libvirt_raw_new("fuzz");
    char *xml = g_strndup(text, size);
    g_autoptr(GArray) sizes = NULL;

    raw->why_domcapabilities = g_strdup("not asked");
    if (strstr(xml, "<network") != NULL) {
        lpm_libvirt_raw_network(raw, "net")->xml = xml;
    } else if (g_str_has_prefix(xml, "<interface")) {
        lpm_libvirt_raw_interface(raw, "dev")->xml = xml;
    } else if (strstr(xml, "<device>") != NULL) {
        lpm_libvirt_raw_nodedev(raw, "dev")->xml = xml;
    } else if (strstr(xml, "<volume") != NULL) {
        LpmLibvirtDoc *volume = lpm_libvirt_raw_volume(raw, "pool");

        volume->xml = xml;
        volume->pool_xml = g_strdup("<pool type='scsi'/>");
    } else if (strstr(xml, "<capabilities") != NULL) {
        sizes = lpm_libvirt_page_sizes(xml, NULL);
        raw->capabilities = xml;
    } else if (strstr(xml, "<domainCap") != NULL) {
        raw->domcapabilities = xml;
    } else {
        LpmLibvirtDomain *domain = lpm_libvirt_raw_domain(raw, "domain");

        domain->xml = xml;
        domain->state = LPM_LIBVIRT_RUNNING;
    }
    return raw;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(LpmLibvirtRaw) raw = raw_of((const char *)data, size);
    g_autoptr(GError) error = NULL;
    g_autoptr(LpmNode) system = lpm_libvirt_read(raw, &error);
    g_autoptr(LpmNode) again = lpm_libvirt_read(raw, NULL);

    must((system == NULL) == (error != NULL));
    must((again == NULL) == (system == NULL));
    if (system != NULL) {
        check(system);
    }
    return 0;
}
