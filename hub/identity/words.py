"""What people call roles and permissions, in both languages."""

from hub.core.i18n import Words, both, coded
from hub.identity.permissions import Permission, Role

ROLES: dict[Role, Words] = {
    Role.ADMIN: both("administrator", "系统管理员"),
    Role.MANAGER: both("manager", "经理"),
    Role.SUPERVISOR: both("supervisor", "主管"),
    Role.QUALITY: both("quality", "质量专员"),
    Role.SENIOR_TECHNICIAN: both("senior technician", "高级技师"),
    Role.TECHNICIAN: both("technician", "技师"),
    Role.COUNTER: both("counter staff", "前台"),
    Role.FLEET_ADMIN: both("fleet administrator", "工位管理员"),
    Role.REMOTE_ENGINEER: both("remote engineer", "远程工程师"),
    Role.STAFF: both("staff", "门店员工"),
    Role.STORE_SYSTEM: both("store system", "门店系统"),
    Role.BENCH: both("bench", "工位"),
}
PERMISSIONS: dict[Permission, Words] = {
    Permission.TICKET_READ: both("read tickets", "查看工单"),
    Permission.TICKET_CREATE: both("take tickets in", "受理工单"),
    Permission.TICKET_ASSIGN: both("dispatch tickets", "派发工单"),
    Permission.TICKET_WORK: both("work on tickets", "处理工单"),
    Permission.TICKET_CLOSE: both("deliver and close", "交付并关闭工单"),
    Permission.TICKET_CANCEL: both("cancel tickets", "取消工单"),
    Permission.TICKET_NOTE: both("add notes", "添加备注"),
    Permission.TICKET_SERVE: both("serve customers", "接待客户"),
    Permission.TICKET_REVIEW: both("review complex cases", "审核疑难工单"),
    Permission.TICKET_DECIDE: both("decide what binds the store", "审批退换、赔付和例外"),
    Permission.CONSULTATION_ANSWER: both("answer consultations", "答复咨询"),
    Permission.APPOINTMENT_BOOK: both("make appointments", "办理预约"),
    Permission.CUSTOMER_READ: both("read customers", "查看客户"),
    Permission.CUSTOMER_WRITE: both("keep customers", "维护客户"),
    Permission.CUSTOMER_MERGE: both("merge customers", "合并客户"),
    Permission.CUSTOMER_EXPORT: both("export a customer's data", "导出客户数据"),
    Permission.CUSTOMER_ERASE: both("erase customers", "注销客户"),
    Permission.DEVICE_READ: both("read devices", "查看设备"),
    Permission.DEVICE_WRITE: both("keep devices", "维护设备"),
    Permission.ROSTER_READ: both("read the roster", "查看排班"),
    Permission.ROSTER_WRITE: both("keep the roster", "维护排班"),
    Permission.STAFF_READ: both("read staff records", "查看人员档案"),
    Permission.STAFF_WRITE: both("keep staff records", "维护人员档案"),
    Permission.CONTACT_READ: both("read contacts", "查看联系方式"),
    Permission.ANALYSIS_READ: both("read figures", "查看统计分析"),
    Permission.COMPLAINT_READ: both("read complaints", "查看投诉"),
    Permission.COMPLAINT_REVIEW: both("review major cases", "复盘重大投诉"),
    Permission.AFTERCARE_READ: both("read surveys and call-backs", "查看评价与回访"),
    Permission.AFTERCARE_WORK: both("call customers back", "回访客户并改进"),
    Permission.AFTERCARE_VERIFY: both("verify improvements", "验收改进"),
    Permission.KNOWLEDGE_READ: both("read the knowledge base", "查看知识库"),
    Permission.KNOWLEDGE_WRITE: both("write articles", "撰写文章"),
    Permission.KNOWLEDGE_APPROVE: both("publish articles", "发布文章"),
    Permission.MEASUREMENT_READ: both("read measurements", "查看检测数据"),
    Permission.CAPTURE_READ: both("read captures", "查看采集文件"),
    Permission.CAPTURE_UPLOAD: both("upload captures", "上传采集文件"),
    Permission.BENCH_READ: both("read benches", "查看工位"),
    Permission.BENCH_COMMAND: both("command benches", "操作工位"),
    Permission.INGEST_INSPECT: both("inspect refused records", "查看被拒收的记录"),
    Permission.POLICY_READ: both("read policies", "查看策略"),
    Permission.POLICY_WRITE: both("put policies", "制定策略"),
    Permission.STORE_READ: both("read stores", "查看门店"),
    Permission.STORE_WRITE: both("keep stores", "维护门店"),
    Permission.USER_READ: both("read accounts", "查看账号"),
    Permission.USER_WRITE: both("keep accounts", "维护账号"),
    Permission.KEY_READ: both("read API keys", "查看 API 密钥"),
    Permission.KEY_WRITE: both("keep API keys", "维护 API 密钥"),
    Permission.METRICS_READ: both("read metrics", "查看运行指标"),
    Permission.NOTIFICATION_READ: both("read notifications", "查看通知"),
    Permission.NOTIFICATION_SEND: both("send notifications", "发送通知"),
    Permission.ESCALATION_READ: both("read escalations", "查看升级单"),
    Permission.ESCALATION_RAISE: both("escalate", "提请升级"),
    Permission.ESCALATION_ANSWER: both("answer escalations", "答复升级单"),
    Permission.ESCALATION_MANAGE: both("answer for management", "代表管理层答复"),
    Permission.INCIDENT_MANAGE: both("lead major incidents", "处置重大事故"),
    Permission.INCIDENT_REPORT: both("report on major incidents", "通报重大事故"),
    Permission.EVENT_READ: both("read events", "查看事件"),
    Permission.AUDIT_READ: both("read the audit trail", "查看审计记录"),
    Permission.WEBHOOK_READ: both("read webhooks", "查看 Webhook"),
    Permission.WEBHOOK_WRITE: both("keep webhooks", "维护 Webhook"),
    Permission.JOB_READ: both("read jobs", "查看任务"),
    Permission.JOB_RUN: both("run jobs", "运行任务"),
}


def role(one: Role) -> Words:
    """Return what a sentence calls a role."""
    return coded(one.value, ROLES[one])


def permission(one: Permission) -> Words:
    """Return what a sentence calls a permission."""
    return coded(one.value, PERMISSIONS[one])
