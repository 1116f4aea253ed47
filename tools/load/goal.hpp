// What a load is to show: `setup-p99<2s`, `sessions=500`.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace culvert::load {

// Of a distribution: setup-p99.9.
inline constexpr std::array<double, 6> kPercents{50, 90, 95, 99, 99.9, 99.99};

enum class Unit : uint8_t { count, per_second, share, seconds };

// The unit of a figure of that name; nullopt if there is none (figure_names() has all).
[[nodiscard]] std::optional<Unit> unit_of_figure(std::string_view name);
[[nodiscard]] std::string figure_names();

enum class Comparison : uint8_t { equal, unequal, less, at_most, more, at_least };

struct Goal {
  std::string text{};    // as it was written
  std::string figure{};  // its name
  Comparison comparison{};
  double wanted = 0;  // in seconds, or as a share of 1
};

// Some, with commas between: NAME OP VALUE, OP one of = != < <= > >=, times with ns, us, ms or s, shares as
// fraction or with %. Throws std::invalid_argument with what is wrong.
[[nodiscard]] std::vector<Goal> parse_goals(std::string_view text);

// By name; what was not measured is not in it.
using Figures = std::map<std::string, double, std::less<>>;

struct GoalResult {
  Goal goal{};
  std::optional<double> found{};  // none: nothing was measured, and the goal is not met
  bool met = false;
};
[[nodiscard]] std::vector<GoalResult> judge(const std::vector<Goal>& goals, const Figures& figures);

// "1.24 s", "0.3 %", "500"
[[nodiscard]] std::string with_unit(double value, Unit unit);

}  // namespace culvert::load
