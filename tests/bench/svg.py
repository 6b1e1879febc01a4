# SPDX-License-Identifier: GPL-2.0-or-later
"""Plots as SVG, with nothing but text: lines, and groups of bars."""

import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 760, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 36, 48
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377",
           "#000000", "#999999")


class Axis:
    """Values to places, and where the marks are."""

    def __init__(self, low, high, begin, end, log=False):
        self.log = log
        if log:
            low, high = math.log10(low), math.log10(max(high, low * 1.01))
        elif high <= low:
            high = low + 1
        self.low, self.high, self.begin, self.end = low, high, begin, end

    def at(self, value):
        if self.log:
            value = math.log10(max(value, 10 ** self.low))
        return self.begin + (self.end - self.begin) * \
            (value - self.low) / (self.high - self.low)

    def marks(self):
        if self.log:
            steps = [m * 10 ** e for e in range(math.floor(self.low),
                                                math.ceil(self.high) + 1)
                     for m in (1, 2, 5)]
            return [s for s in steps
                    if self.low - 1e-9 <= math.log10(s) <= self.high + 1e-9]
        rough = (self.high - self.low) / 6
        size = 10 ** math.floor(math.log10(rough))
        size *= min(m for m in (1, 2, 5, 10) if m * size >= rough * 0.999)
        first = math.ceil(self.low / size)
        return [n * size for n in range(first,
                                        math.floor(self.high / size) + 1)]


class Plot:
    """One panel under another; text() is the whole file.

    ORDER: names whose colours are the same in each plot.
    """

    def __init__(self, title, order=()):
        self.parts, self.height, self.order = [], 0, list(order)
        self.put(LEFT, 20, title, size=15)
        self.top = 0

    def put(self, x, y, text, anchor="start", size=12, turn=False,
            colour="#222"):
        around = ' transform="rotate(-90 %.1f %.1f)"' % (x, y) if turn else ""
        self.parts.append('<text x="%.1f" y="%.1f" text-anchor="%s" '
                          'font-size="%d" fill="%s"%s>%s</text>' % (
                              x, y, anchor, size, colour, around,
                              escape(text)))

    def line(self, points, colour, width=1.0):
        self.parts.append('<polyline fill="none" stroke="%s" '
                          'stroke-width="%.1f" points="%s"/>' % (
                              colour, width, " ".join(
                                  "%.1f,%.1f" % p for p in points)))

    def panel(self, label_y, height=HEIGHT):
        """Room for one; returns its upper and lower edge."""
        self.top = self.height
        self.height += height
        upper, lower = self.top + TOP, self.height - BOTTOM
        self.put(16, (upper + lower) / 2, label_y, "middle", turn=True)
        return upper, lower

    def grid_y(self, axis):
        for mark in axis.marks():
            y = axis.at(mark)
            self.line([(LEFT, y), (WIDTH - RIGHT, y)], "#ddd")
            self.put(LEFT - 6, y + 4, "%g" % mark, "end", 11)

    def colour(self, number, name):
        if name in self.order:
            number = self.order.index(name)
        return COLOURS[number % len(COLOURS)]

    def name(self, number, name):
        y = self.top + TOP + 10 + 18 * number
        x = WIDTH - RIGHT + 14
        self.parts.append('<rect x="%d" y="%d" width="12" height="12" '
                          'fill="%s"/>' % (x, y, self.colour(number, name)))
        self.put(x + 18, y + 10, name)

    def lines(self, series, label_x, label_y, log_x=False, log_y=False,
              height=HEIGHT, names=None, dots=True):
        """SERIES: {name: [(x, y)]}; NAMES: words for places on the x axis."""
        upper, lower = self.panel(label_y, height)
        points = [p for some in series.values() for p in some]
        xs, ys = [p[0] for p in points], [p[1] for p in points]
        edge = 1.15 if log_x else 1.0
        x = Axis(min(xs) / edge if log_x else min(0, *xs), max(xs) * edge,
                 LEFT, WIDTH - RIGHT, log_x)
        y = Axis(min(ys) * 0.8 if log_y else min(0, *ys),
                 max(ys) * (1.25 if log_y else 1.05), lower, upper, log_y)
        self.grid_y(y)
        for value, word in (names or [(m, "%g" % m) for m in x.marks()]):
            self.put(x.at(value), lower + 16, word, "middle", 11)
        self.put((LEFT + WIDTH - RIGHT) / 2, lower + 36, label_x, "middle")
        for number, (name, some) in enumerate(series.items()):
            places = [(x.at(a), y.at(b)) for a, b in some]
            self.line(places, self.colour(number, name), 1.8)
            for px, py in places if dots else ():
                self.parts.append('<circle cx="%.1f" cy="%.1f" r="3" '
                                  'fill="%s"/>' % (
                                      px, py, self.colour(number, name)))
            self.name(number, name)

    def bars(self, groups, label_y, log=False, height=HEIGHT):
        """GROUPS: {group: {name: value}}."""
        upper, lower = self.panel(label_y, height)
        names = list(dict.fromkeys(n for g in groups.values() for n in g))
        names.sort(key=lambda n: self.order.index(n) if n in self.order
                   else len(self.order))
        values = [v for g in groups.values() for v in g.values()]
        y = Axis(min(values) * 0.7 if log else 0, max(values) * 1.05, lower,
                 upper, log)
        self.grid_y(y)
        wide = (WIDTH - RIGHT - LEFT) / len(groups)
        one = wide * 0.85 / len(names)
        for g, (group, some) in enumerate(groups.items()):
            x = LEFT + g * wide + wide * 0.075
            self.put(x + wide * 0.425, lower + 16, group, "middle", 11)
            for number, name in enumerate(names):
                if name in some:
                    top = y.at(some[name])
                    self.parts.append(
                        '<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" '
                        'fill="%s"/>' % (x + number * one, top, one * 0.92,
                                         max(lower - top, 0.5),
                                         self.colour(number, name)))
        for number, name in enumerate(names):
            self.name(number, name)

    def text(self):
        return ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" '
                'height="%d" viewBox="0 0 %d %d" '
                'font-family="sans-serif">\n'
                '<rect width="100%%" height="100%%" fill="white"/>\n'
                '%s\n</svg>\n' % (WIDTH, self.height, WIDTH, self.height,
                                  "\n".join(self.parts)))
