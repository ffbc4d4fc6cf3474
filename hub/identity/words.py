"""What people call roles and permissions, in both languages."""

from hub.core.i18n import Words, coded
from hub.identity.permissions import Permission, Role


def _words(english: str, chinese: str) -> Words:
    return {"en": english, "zh-CN": chinese}


ROLES: dict[Role, Words] = {
    Role.ADMIN: _words("administrator", "系统管理员"),
    Role.MANAGER: _words("manager", "经理"),
    Role.SUPERVISOR: _words("supervisor", "主管"),
    Role.QUALITY: _words("quality", "质量专员"),
    Role.SENIOR_TECHNICIAN: _words("senior technician", "高级技师"),
    Role.TECHNICIAN: _words("technician", "技师"),
    Role.COUNTER: _words("counter staff", "前台"),
    Role.FLEET_ADMIN: _words("fleet administrator", "工位管理员"),
    Role.REMOTE_ENGINEER: _words("remote engineer", "远程工程师"),
    Role.STAFF: _words("staff", "门店员工"),
    Role.STORE_SYSTEM: _words("store system", "门店系统"),
    Role.BENCH: _words("bench", "工位"),
}
PERMISSIONS: dict[Permission, Words] = {
    Permission.TICKET_READ: _words("read tickets", "查看工单"),
    Permission.TICKET_CREATE: _words("take tickets in", "受理工单"),
    Permission.TICKET_ASSIGN: _words("dispatch tickets", "派发工单"),
    Permission.TICKET_WORK: _words("work on tickets", "处理工单"),
    Permission.TICKET_CLOSE: _words("deliver and close", "交付并关闭工单"),
    Permission.TICKET_CANCEL: _words("cancel tickets", "取消工单"),
    Permission.TICKET_NOTE: _words("add notes", "添加备注"),
    Permission.TICKET_SERVE: _words("serve customers", "接待客户"),
    Permission.TICKET_REVIEW: _words("review complex cases", "审核疑难工单"),
    Permission.TICKET_DECIDE: _words("decide what binds the store", "审批退换、赔付和例外"),
    Permission.CONSULTATION_ANSWER: _words("answer consultations", "答复咨询"),
    Permission.APPOINTMENT_BOOK: _words("make appointments", "办理预约"),
    Permission.CUSTOMER_READ: _words("read customers", "查看客户"),
    Permission.CUSTOMER_WRITE: _words("keep customers", "维护客户"),
    Permission.CUSTOMER_MERGE: _words("merge customers", "合并客户"),
    Permission.CUSTOMER_EXPORT: _words("export a customer's data", "导出客户数据"),
    Permission.CUSTOMER_ERASE: _words("erase customers", "注销客户"),
    Permission.DEVICE_READ: _words("read devices", "查看设备"),
    Permission.DEVICE_WRITE: _words("keep devices", "维护设备"),
    Permission.ROSTER_READ: _words("read the roster", "查看排班"),
    Permission.ROSTER_WRITE: _words("keep the roster", "维护排班"),
    Permission.STAFF_READ: _words("read staff records", "查看人员档案"),
    Permission.STAFF_WRITE: _words("keep staff records", "维护人员档案"),
    Permission.CONTACT_READ: _words("read contacts", "查看联系方式"),
    Permission.ANALYSIS_READ: _words("read figures", "查看统计分析"),
    Permission.COMPLAINT_READ: _words("read complaints", "查看投诉"),
    Permission.COMPLAINT_REVIEW: _words("review major cases", "复盘重大投诉"),
    Permission.AFTERCARE_READ: _words("read surveys and call-backs", "查看评价与回访"),
    Permission.AFTERCARE_WORK: _words("call customers back", "回访客户并改进"),
    Permission.AFTERCARE_VERIFY: _words("verify improvements", "验收改进"),
    Permission.KNOWLEDGE_READ: _words("read the knowledge base", "查看知识库"),
    Permission.KNOWLEDGE_WRITE: _words("write articles", "撰写文章"),
    Permission.KNOWLEDGE_APPROVE: _words("publish articles", "发布文章"),
    Permission.MEASUREMENT_READ: _words("read measurements", "查看检测数据"),
    Permission.CAPTURE_READ: _words("read captures", "查看采集文件"),
    Permission.CAPTURE_UPLOAD: _words("upload captures", "上传采集文件"),
    Permission.BENCH_READ: _words("read benches", "查看工位"),
    Permission.BENCH_COMMAND: _words("command benches", "操作工位"),
    Permission.INGEST_INSPECT: _words("inspect refused records", "查看被拒收的记录"),
    Permission.POLICY_READ: _words("read policies", "查看策略"),
    Permission.POLICY_WRITE: _words("put policies", "制定策略"),
    Permission.STORE_READ: _words("read stores", "查看门店"),
    Permission.STORE_WRITE: _words("keep stores", "维护门店"),
    Permission.USER_READ: _words("read accounts", "查看账号"),
    Permission.USER_WRITE: _words("keep accounts", "维护账号"),
    Permission.KEY_READ: _words("read API keys", "查看 API 密钥"),
    Permission.KEY_WRITE: _words("keep API keys", "维护 API 密钥"),
    Permission.METRICS_READ: _words("read metrics", "查看运行指标"),
    Permission.NOTIFICATION_READ: _words("read notifications", "查看通知"),
    Permission.NOTIFICATION_SEND: _words("send notifications", "发送通知"),
    Permission.ESCALATION_READ: _words("read escalations", "查看升级单"),
    Permission.ESCALATION_RAISE: _words("escalate", "提请升级"),
    Permission.ESCALATION_ANSWER: _words("answer escalations", "答复升级单"),
    Permission.ESCALATION_MANAGE: _words("answer for management", "代表管理层答复"),
    Permission.INCIDENT_MANAGE: _words("lead major incidents", "处置重大事故"),
    Permission.INCIDENT_REPORT: _words("report on major incidents", "通报重大事故"),
    Permission.EVENT_READ: _words("read events", "查看事件"),
    Permission.AUDIT_READ: _words("read the audit trail", "查看审计记录"),
    Permission.WEBHOOK_READ: _words("read webhooks", "查看 Webhook"),
    Permission.WEBHOOK_WRITE: _words("keep webhooks", "维护 Webhook"),
    Permission.JOB_READ: _words("read jobs", "查看任务"),
    Permission.JOB_RUN: _words("run jobs", "运行任务"),
}


def role(one: Role) -> Words:
    """Return what a sentence calls a role."""
    return coded(one.value, ROLES[one])


def permission(one: Permission) -> Words:
    """Return what a sentence calls a permission."""
    return coded(one.value, PERMISSIONS[one])
