// Goals read and judged.
#include "tools/load/goal.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

namespace culvert::load {

namespace {

struct Figure {
  std::string_view name;
  Unit unit;
};
constexpr std::array kFigures{
    Figure{"sessions", Unit::count},      Figure{"peak", Unit::count},
    Figure{"failed", Unit::count},        Figure{"gave-up", Unit::count},
    Figure{"closed", Unit::count},        Figure{"rate", Unit::per_second},
    Figure{"storm", Unit::seconds},       Figure{"lost", Unit::count},
    Figure{"loss", Unit::share},          Figure{"damaged", Unit::count},
    Figure{"duplicates", Unit::count},    Figure{"dtls-failed", Unit::count},
    Figure{"dtls-sessions", Unit::count}, Figure{"answered-sessions", Unit::count},
};
constexpr std::array<std::string_view, 5> kTimes{"setup", "dtls", "reconnect", "roam", "rtt"};

// "p99", "p99.9", "max": of a distribution.
bool is_place(std::string_view place) {
  if (place == "min" || place == "mean" || place == "max") return true;
  return std::ranges::any_of(
      kPercents, [&](double percent) { return place == fmt::format("p{:g}", percent); });
}

struct Operator {
  std::string_view sign;
  Comparison comparison;
};
// The longer ones first, as one begins like another.
constexpr std::array kOperators{
    Operator{"<=", Comparison::at_most}, Operator{">=", Comparison::at_least},
    Operator{"==", Comparison::equal},   Operator{"!=", Comparison::unequal},
    Operator{"<", Comparison::less},     Operator{">", Comparison::more},
    Operator{"=", Comparison::equal},
};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

// What a suffix multiplies by; nullopt if the unit has no such suffix.
std::optional<double> factor(std::string_view suffix, Unit unit) {
  switch (unit) {
    case Unit::seconds:
      if (suffix == "s") return 1;
      if (suffix == "ms") return 1e-3;
      if (suffix == "us") return 1e-6;
      if (suffix == "ns") return 1e-9;
      return std::nullopt;
    case Unit::share:
      if (suffix.empty()) return 1;
      return suffix == "%" ? std::optional(0.01) : std::nullopt;
    case Unit::per_second:
      return suffix.empty() || suffix == "/s" ? std::optional(1.0) : std::nullopt;
    case Unit::count: break;
  }
  return suffix.empty() ? std::optional(1.0) : std::nullopt;
}

double value_of(std::string_view word, Unit unit, std::string_view goal) {
  double number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || !std::isfinite(number)) {
    throw std::invalid_argument(fmt::format("'{}' has no number behind its sign", goal));
  }
  const std::string_view suffix = trimmed({end, word.data() + word.size()});
  const auto times = factor(suffix, unit);
  if (!times) {
    throw std::invalid_argument(
        unit == Unit::seconds
            ? fmt::format("'{}' is a time, and wants ns, us, ms or s behind its number", goal)
            : fmt::format("'{}' is no unit of '{}'", suffix, goal));
  }
  return number * *times;
}

Goal parse_goal(std::string_view text) {
  const size_t at = text.find_first_of("<>=!");
  if (at == std::string_view::npos) {
    throw std::invalid_argument(
        fmt::format("'{}' is no goal: such as sessions=500 or setup-p99<2s", text));
  }
  const std::string_view name = trimmed(text.substr(0, at));
  const auto unit = unit_of_figure(name);
  if (!unit) {
    throw std::invalid_argument(fmt::format("'{}' is no figure: {}", name, figure_names()));
  }
  const std::string_view rest = text.substr(at);
  const auto* found = std::ranges::find_if(
      kOperators, [&](const Operator& each) { return rest.starts_with(each.sign); });
  if (found == kOperators.end()) {
    throw std::invalid_argument(fmt::format("'{}' has no sign that compares", text));
  }
  const std::string_view word = trimmed(rest.substr(found->sign.size()));
  return {std::string(text), std::string(name), found->comparison, value_of(word, *unit, text)};
}

bool holds(double found, Comparison comparison, double wanted) {
  switch (comparison) {
    case Comparison::equal: return found == wanted;
    case Comparison::unequal: return found != wanted;
    case Comparison::less: return found < wanted;
    case Comparison::at_most: return found <= wanted;
    case Comparison::more: return found > wanted;
    case Comparison::at_least: break;
  }
  return found >= wanted;
}

}  // namespace

std::optional<Unit> unit_of_figure(std::string_view name) {
  for (const Figure& figure : kFigures) {
    if (figure.name == name) return figure.unit;
  }
  const size_t at = name.find('-');
  if (at == std::string_view::npos) return std::nullopt;
  const bool known = std::ranges::find(kTimes, name.substr(0, at)) != kTimes.end();
  return known && is_place(name.substr(at + 1)) ? std::optional(Unit::seconds) : std::nullopt;
}

std::string figure_names() {
  std::string names;
  for (const Figure& figure : kFigures)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", figure.name);
  names += "; of";
  for (const std::string_view time : kTimes)
    names += fmt::format(" {}-,", time);
  return names + " the min, mean, p50, p90, p95, p99, p99.9, p99.99 and max";
}

std::vector<Goal> parse_goals(std::string_view text) {
  std::vector<Goal> goals;
  while (true) {
    const size_t comma = text.find(',');
    goals.push_back(parse_goal(trimmed(text.substr(0, comma))));
    if (comma == std::string_view::npos) return goals;
    text.remove_prefix(comma + 1);
  }
}

std::vector<GoalResult> judge(const std::vector<Goal>& goals, const Figures& figures) {
  std::vector<GoalResult> results;
  for (const Goal& goal : goals) {
    GoalResult result{goal};
    if (const auto at = figures.find(goal.figure); at != figures.end()) {
      result.found = at->second;
      result.met = holds(at->second, goal.comparison, goal.wanted);
    }
    results.push_back(std::move(result));
  }
  return results;
}

std::string with_unit(double value, Unit unit) {
  switch (unit) {
    case Unit::seconds:
      if (value < 1e-3) return fmt::format("{:.0f} us", value * 1e6);
      return value < 1 ? fmt::format("{:.1f} ms", value * 1e3) : fmt::format("{:.2f} s", value);
    case Unit::share: return fmt::format("{:.3g} %", value * 100);
    case Unit::per_second: return fmt::format("{:.1f}/s", value);
    case Unit::count: break;
  }
  return fmt::format("{:.0f}", value);
}

}  // namespace culvert::load
