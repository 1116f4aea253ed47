// The ASA's order: group-url before the list, and DefaultWEBVPNGroup when nobody says anything.
#include "control/session/group_choice.hpp"

#include <algorithm>

namespace culvert::control {
namespace {

using Groups = std::map<std::string, TunnelGroupConfig>;

bool is_plain_path(std::string_view path) {
  return path == "/" || path == "/auth" || path == "/VPN" || path == "/index.html" ||
         path == "/+webvpn+/index.html";
}

// "HOST/path" in one form: host in lower case, without the port that goes without saying, no slash
// at the end (RFC 3986 §6.2).
std::string normal_form(std::string_view host, std::string_view path) {
  std::string out(host);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (out.ends_with(":443")) out.resize(out.size() - 4);
  out += path;
  while (out.ends_with('/'))
    out.pop_back();
  return out;
}

std::string normal_form(std::string_view url) {
  url.remove_prefix(std::min(std::string_view("https://").size(), url.size()));
  const size_t slash = std::min(url.find('/'), url.size());
  return normal_form(url.substr(0, slash), url.substr(slash));
}

Groups::const_iterator find_url(const Groups& groups, std::string_view host,
                                std::string_view path) {
  const std::string wanted = normal_form(host, path);
  return std::find_if(groups.begin(), groups.end(), [&](const auto& entry) {
    const auto& urls = entry.second.urls;
    return std::any_of(urls.begin(), urls.end(),
                       [&](const std::string& url) { return normal_form(url) == wanted; });
  });
}

// By alias, then by name.
Groups::const_iterator find_listed(const Config& config, std::string_view choice) {
  const Groups& groups = config.tunnel_groups;
  if (!config.webvpn.tunnel_group_list) return groups.end();
  const auto found = std::find_if(groups.begin(), groups.end(), [&](const auto& entry) {
    const auto& aliases = entry.second.aliases;
    return std::find(aliases.begin(), aliases.end(), choice) != aliases.end();
  });
  return found != groups.end() ? found : groups.find(std::string(choice));
}

GroupChoice make_choice(Groups::const_iterator group, std::string_view said) {
  GroupChoice choice;
  choice.name = group->first;
  choice.by_client = true;
  const auto& aliases = group->second.aliases;
  if (std::find(aliases.begin(), aliases.end(), said) != aliases.end()) {
    choice.alias = said;
  } else if (!aliases.empty()) {
    choice.alias = aliases.front();
  }
  return choice;
}

}  // namespace

std::optional<GroupChoice> choose_group(const Config& config, const GroupWish& wish) {
  const Groups& groups = config.tunnel_groups;
  if (const auto group = find_url(groups, wish.host, wish.path); group != groups.end()) {
    GroupChoice choice = make_choice(group, "");
    choice.by_url = true;
    return choice;
  }
  if (!wish.choice.empty() && wish.choice != kDefaultTunnelGroup) {
    const auto group = find_listed(config, wish.choice);
    if (group == groups.end()) return std::nullopt;
    return make_choice(group, wish.choice);
  }
  if (!is_plain_path(wish.path) && !wish.path.empty()) {
    const std::string_view alias = wish.path.substr(1);
    const auto group = find_listed(config, alias);
    if (group != groups.end()) return make_choice(group, alias);
  }
  // Clients of Cisco's answer to "/" whatever the form's address was. The group is one that they
  // could have had by its URL or from the list, too.
  if (const auto group = groups.find(std::string(wish.opaque));
      wish.choice.empty() && group != groups.end() && !group->second.urls.empty()) {
    GroupChoice choice = make_choice(group, "");
    choice.by_url = true;
    return choice;
  }
  if (wish.choice.empty()) {
    const auto list = listed_groups(config);
    if (!list.empty()) {
      GroupChoice choice = make_choice(find_listed(config, list.front().alias), list.front().alias);
      choice.by_client = false;
      return choice;
    }
  }
  GroupChoice choice;
  choice.by_client = true;  // there is nothing else to choose
  return choice;
}

bool is_login_path(const Config& config, std::string_view host, std::string_view path) {
  if (is_plain_path(path)) return true;
  if (!path.starts_with('/')) return false;
  const Groups& groups = config.tunnel_groups;
  return find_url(groups, host, path) != groups.end() ||
         find_listed(config, path.substr(1)) != groups.end();
}

std::vector<ListedGroup> listed_groups(const Config& config) {
  std::vector<ListedGroup> list;
  if (!config.webvpn.tunnel_group_list) return list;
  for (const auto& [name, group] : config.tunnel_groups) {
    for (const std::string& alias : group.aliases)
      list.push_back({alias, group.authenticate_aaa});
  }
  std::sort(list.begin(), list.end(),
            [](const ListedGroup& a, const ListedGroup& b) { return a.alias < b.alias; });
  return list;
}

}  // namespace culvert::control
