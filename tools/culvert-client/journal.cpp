#include "tools/culvert-client/journal.hpp"

#include <cerrno>
#include <chrono>
#include <system_error>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tools/culvert-client/failure.hpp"

namespace culvert::client {
namespace {

constexpr std::string_view kRule = "******************************************\n";

std::string_view name(Journal::Type type) {
  switch (type) {
    case Journal::Type::information: return "Information";
    case Journal::Type::warning: return "Warning";
    case Journal::Type::error: break;
  }
  return "Error";
}

std::string_view name(Journal::Source source) {
  return source == Journal::Source::agent ? "acvpnagent" : "acvpnui";
}

}  // namespace

Journal::File Journal::open(const std::string& path) {
  File file(std::fopen(path.c_str(), "ae"));
  if (!file) {
    throw Failure(fmt::format("cannot write {}: {}", path, std::generic_category().message(errno)));
  }
  std::setvbuf(file.get(), nullptr, _IOLBF, 0);
  return file;
}

Journal::Journal(const std::string& dart_file, const std::string& events_file) {
  if (!dart_file.empty()) dart_ = open(dart_file);
  if (!events_file.empty()) events_ = open(events_file);
}

Journal::~Journal() {
  if (any_) fmt::print(dart_ ? dart_.get() : stderr, "{}", kRule);
}

void Journal::entry(Type type, Source source, std::string_view description) {
  any_ = true;
  const std::tm now =
      fmt::localtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
  std::FILE* file = dart_ ? dart_.get() : stderr;
  fmt::print(file,
             "{}\nDate        : {:%m/%d/%Y}\nTime        : {:%H:%M:%S}\nType        : {}\n"
             "Source      : {}\n\nDescription : {}\n\n",
             kRule, now, now, name(type), name(source), description);
  event("dart", {{"type", name(type)}, {"source", name(source)}, {"description", description}});
}

void Journal::event(std::string_view what, const nlohmann::json& details) {
  if (!events_) return;
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  nlohmann::json line{{"time", now.count()}, {"event", what}};
  line.update(details);
  fmt::print(events_.get(), "{}\n",
             line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace culvert::client
